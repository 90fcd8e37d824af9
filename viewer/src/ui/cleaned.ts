import { type ComponentChildren, options, type VNode } from "preact";
import { visibleLine } from "#src/text/visible.js";

/** Attributes that are read out or shown. */
const SPOKEN = ["title", "aria-label"] as const;

/**
 * Makes the page show control and bidirectional characters of names as escapes, `\u202e`, wherever a panel shows a text:
 * names come from policies, robots and recordings of others.
 */
export function cleanTexts(): void {
  const next = options.vnode;
  options.vnode = (vnode) => {
    if (typeof vnode.type === "string") clean(vnode as VNode<Record<string, unknown>>);
    next?.(vnode);
  };
}

function clean({ props }: VNode<Record<string, unknown>>): void {
  props.children = cleaned(props.children);
  for (const name of SPOKEN) if (typeof props[name] === "string") props[name] = visibleLine(props[name]);
}

function cleaned(child: ComponentChildren): ComponentChildren {
  if (typeof child === "string") return visibleLine(child);
  return Array.isArray(child) ? child.map(cleaned) : child;
}
