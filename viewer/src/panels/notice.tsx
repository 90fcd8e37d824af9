import type { Signal } from "@preact/signals";

/** What the server refused, until it is dismissed or the next request succeeds. It moves nothing else on the page. */
export function Notice({ text }: { text: Signal<string> }) {
  if (text.value === "") return null;
  return (
    <div class="notice" role="alert">
      <span>{text.value}</span>
      <button
        type="button"
        onClick={() => {
          text.value = "";
        }}
      >
        Dismiss
      </button>
    </div>
  );
}
