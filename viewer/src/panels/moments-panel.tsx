import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ServedMoment } from "#src/web/answers.js";
import { fetchMoments } from "../session.js";
import type { RecordingSource } from "../source/recording-source.js";

const SECOND = 1e9;
/** A moment's messages are looked for up to this much after it, seconds: its time is rounded. */
const ROUNDING = 0.002;

const REASONS: Readonly<Record<ServedMoment["reason"], string>> = {
  shares: "unusual shares",
  residual: "relevance does not add up",
  limits: "at a limit",
};

/** The moments that `torquelens report` ranks: choosing one goes there. */
export function MomentsPanel({ source, url }: { source: RecordingSource; url: string }) {
  const moments = useSignal<readonly ServedMoment[] | undefined>(undefined);
  const problem = useSignal("");
  useEffect(() => {
    let left = false;
    fetchMoments(url).then(
      (found) => {
        if (!left) moments.value = found;
      },
      (error: Error) => {
        if (!left) problem.value = error.message;
      },
    );
    return () => {
      left = true;
    };
  }, [url]);
  const go = ({ seconds }: ServedMoment) => {
    source.pause();
    source.seek(source.start + BigInt(Math.round((seconds + ROUNDING) * SECOND)));
  };
  return (
    <section class="panel moments" aria-label="Moments">
      <h2>
        Moments <em>worth a look, as torquelens report ranks them</em>
      </h2>
      {problem.value && <p class="fault">{problem.value}</p>}
      {!moments.value && !problem.value && <p class="note">Looking for them.</p>}
      {moments.value?.length === 0 && <p class="note">Nothing unusual in this recording.</p>}
      <ol>
        {moments.value?.map((moment) => (
          <li key={`${moment.reason} ${moment.seconds}`}>
            <button type="button" onClick={() => go(moment)}>
              {`${moment.seconds.toFixed(2)} s`}
            </button>
            {` ${REASONS[moment.reason]}: ${moment.what}`}
          </li>
        ))}
      </ol>
    </section>
  );
}
