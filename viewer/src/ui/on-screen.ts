import { type ReadonlySignal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

/** False while the user cannot see an element: scrolled out of sight, or in a tab behind another one. */
export function useOnScreen(element: RefObject<Element | null>): ReadonlySignal<boolean> {
  const seen = useSignal(true);
  useEffect(() => {
    let intersects = true;
    const look = () => {
      seen.value = intersects && !document.hidden;
    };
    const observer = new IntersectionObserver((entries) => {
      intersects = entries.at(-1)!.isIntersecting;
      look();
    });
    observer.observe(element.current!);
    document.addEventListener("visibilitychange", look);
    return () => {
      observer.disconnect();
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return seen;
}
