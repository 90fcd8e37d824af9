import type { JointStateMessage } from "#src/messages/types.js";
import type { Model } from "../model/model.js";
import { quantity } from "../ui/numbers.js";

/** Joint states of a recording without explanations, and how to get those. */
export function PlainPanel({ model }: { model: Model }) {
  const { name, topics } = model.source;
  const states = model.jointStates.value;
  const hasStates = topics.value.some(({ topic }) => topic === model.jointTopic);
  return (
    <section class="panel torques" aria-label="Joint states">
      <h2>
        Joint states <em>{hasStates && model.jointTopic}</em>
      </h2>
      {!hasStates && <p class="note">There are no joint states in this recording.</p>}
      {hasStates && !states && <p class="note">No joint states at this moment.</p>}
      {states && <States states={states} />}
      <h3>Explanations</h3>
      <p>
        {`${name} holds none, so there are no torques, shares and heatmaps to show. Make them with the policy that drove the robot:`}
      </p>
      <p>
        <code>{`torquelens view ${quoted(name)} --policy POLICY.onnx`}</code>
      </p>
      <p>or, to keep them in a recording of its own:</p>
      <p>
        <code>{`torquelens replay ${quoted(name)} --policy POLICY.onnx -o explained.mcap`}</code>
      </p>
    </section>
  );
}

function States({ states }: { states: JointStateMessage }) {
  const { position, velocity, effort } = states;
  const cell = (values: ArrayLike<number>, i: number) => quantity(values[i] ?? Number.NaN, "");
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Joint</th>
          <th scope="col">Position, rad or m</th>
          <th scope="col">Velocity, rad/s or m/s</th>
          <th scope="col">Effort, N·m or N</th>
        </tr>
      </thead>
      <tbody>
        {states.name.map((joint, i) => (
          <tr key={joint}>
            <th scope="row">{joint}</th>
            <td class="number">{cell(position, i)}</td>
            <td class="number">{cell(velocity, i)}</td>
            <td class="number">{cell(effort, i)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A name as a shell takes it. */
const quoted = (name: string): string => (/^[\w./-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`);
