import type { Camera, Scene } from "three";
import { inNextFrame, notInFrame } from "../../ui/frames.js";
import { Pace } from "./pace.js";
import { Skips } from "./skips.js";
import { openWebGl, type WebGl } from "./webgl.js";

/** Pixels of the canvas per CSS pixel, at most. */
const FINEST = 2;
/** The same where the processor draws, and the shortest time between two drawings there, milliseconds. */
const SOFTWARE = { finest: 1, shortest: 90 };
/** What waits for its turn is drawn together with the next tick, or this much later if none comes, milliseconds. */
const PATIENCE = 60;
/** First and longest wait between two looks whether a drawing is done, milliseconds. */
const LOOK = { first: 4, longest: 32 };

/** What is drawn, and who is told. */
export interface Play {
  readonly scene: Scene;
  readonly camera: Camera;
  /** Called before each drawing: makes the scene what it shall show. */
  readonly prepare: () => void;
  readonly drawn: () => void;
  /** Called with another size, CSS pixels. */
  readonly resized: (width: number, height: number) => void;
  /** Called when the rate falls below that of the data, or no longer is. @param rate drawings a second */
  readonly slowed: (rate: number | undefined, isSoftware: boolean) => void;
}

/** A canvas with a scene that is drawn when it is asked for, as often as leaves the time of other panels to them. */
export class Stage {
  readonly canvas: HTMLCanvasElement;
  /** CSS pixels. */
  width = 1;
  height = 1;
  readonly #gl: WebGl;
  readonly #play: Play;
  readonly #place: HTMLElement;
  readonly #pace: Pace;
  readonly #skips = new Skips();
  readonly #resized: ResizeObserver;
  #isAsked = false;
  #isUrgent = false;
  /** Of the drawing that is not done yet. */
  #fence: WebGLSync | null = null;
  #waiting = 0;
  #looking = 0;

  /** @throws Error where the browser has no WebGL */
  constructor(place: HTMLElement, play: Play) {
    this.#gl = openWebGl();
    this.#play = play;
    this.#place = place;
    this.#pace = new Pace(this.#gl.isSoftware ? SOFTWARE.shortest : 0);
    this.canvas = this.#gl.renderer.domElement;
    this.canvas.addEventListener("webglcontextrestored", () => this.draw());
    place.append(this.canvas);
    this.#resized = new ResizeObserver(() => this.#resize());
    this.#resized.observe(place);
  }

  dispose(): void {
    this.rest();
    clearTimeout(this.#looking);
    this.#resized.disconnect();
    this.#gl.renderer.dispose();
    this.canvas.remove();
  }

  /** Draws a new state of the data. */
  drawTick(): void {
    this.#skips.came();
    this.#isAsked = true;
    this.#next();
  }

  /** Draws what the user did. */
  draw(): void {
    this.#isAsked = true;
    this.#isUrgent = true;
    this.#next();
  }

  /** Draws nothing until it is asked again. */
  rest(): void {
    this.#isAsked = this.#isUrgent = false;
    clearTimeout(this.#waiting);
    notInFrame(this.#render);
  }

  #next(): void {
    clearTimeout(this.#waiting);
    if (!this.#isAsked || this.#fence) return;
    const wait = this.#pace.wait(performance.now(), this.#isUrgent);
    if (wait === 0) inNextFrame(this.#render);
    else this.#waiting = window.setTimeout(() => inNextFrame(this.#render), wait + (this.#isUrgent ? 0 : PATIENCE));
  }

  readonly #render = (): void => {
    const { renderer, context, isSoftware } = this.#gl;
    this.#isAsked = this.#isUrgent = false;
    this.#play.prepare();
    const began = performance.now();
    renderer.render(this.#play.scene, this.#play.camera);
    this.#fence = context.fenceSync(context.SYNC_GPU_COMMANDS_COMPLETE, 0);
    context.flush();
    this.#look(began, LOOK.first);
    this.#play.drawn();
    if (this.#skips.drew(began)) this.#play.slowed(this.#skips.rate, isSoftware);
  };

  /** Looks whether a drawing is done, and notes how long it took. */
  #look(began: number, wait: number): void {
    this.#looking = window.setTimeout(() => {
      const { context } = this.#gl;
      const isDone =
        !this.#fence ||
        context.isContextLost() ||
        context.getSyncParameter(this.#fence, context.SYNC_STATUS) === context.SIGNALED;
      if (!isDone) {
        this.#look(began, Math.min(LOOK.longest, 2 * wait));
        return;
      }
      context.deleteSync(this.#fence);
      this.#fence = null;
      this.#pace.drew(began, performance.now() - began);
      this.#next();
    }, wait);
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#place;
    if (width === 0 || height === 0) return;
    this.width = width;
    this.height = height;
    const { renderer, isSoftware } = this.#gl;
    renderer.setPixelRatio(Math.min(devicePixelRatio, isSoftware ? SOFTWARE.finest : FINEST));
    renderer.setSize(width, height);
    this.#play.resized(width, height);
    this.draw();
  }
}
