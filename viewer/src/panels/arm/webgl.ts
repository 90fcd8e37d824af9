import { WebGLRenderer } from "three";

/** Names of renderers that draw with the processor. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** A renderer on a canvas of its own. */
export interface WebGl {
  readonly renderer: WebGLRenderer;
  readonly context: WebGL2RenderingContext;
  /** True where the processor draws in place of a graphics card. */
  readonly isSoftware: boolean;
}

/**
 * Smooth edges with a graphics card; a plain picture where the processor draws.
 * @throws Error where the browser has no WebGL
 */
export function openWebGl(): WebGl {
  const smooth = contextOf({ antialias: true, failIfMajorPerformanceCaveat: true });
  if (smooth && !isSoftware(smooth)) return { ...rendererOf(smooth), isSoftware: false };
  smooth?.getExtension("WEBGL_lose_context")?.loseContext();
  const plain = contextOf({ antialias: false });
  if (!plain) throw new Error("this browser has no WebGL, so there is no 3D view");
  return { ...rendererOf(plain), isSoftware: true };
}

const contextOf = (attributes: WebGLContextAttributes): WebGL2RenderingContext | null =>
  document.createElement("canvas").getContext("webgl2", { alpha: true, premultipliedAlpha: true, ...attributes });

const rendererOf = (context: WebGL2RenderingContext) => ({
  context,
  renderer: new WebGLRenderer({ canvas: context.canvas, context, alpha: true }),
});

function isSoftware(context: WebGL2RenderingContext): boolean {
  const names = context.getExtension("WEBGL_debug_renderer_info");
  const name: unknown = context.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER);
  return SOFTWARE.test(String(name));
}
