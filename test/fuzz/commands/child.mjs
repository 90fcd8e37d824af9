// Runs command lines that its parent sends, one after the other, and sends back what they print.
import { main } from "../../../dist/cli/main.js";

let printed = { stdout: "", stderr: "" };
for (const name of ["stdout", "stderr"])
  process[name].write = (text, encoding, done) => {
    printed[name] += typeof text === "string" ? text : Buffer.from(text).toString();
    (typeof encoding === "function" ? encoding : done)?.();
    return true;
  };

process.on("message", async ({ argv, folder }) => {
  process.chdir(folder);
  printed = { stdout: "", stderr: "" };
  const code = await main(argv);
  process.send({ code: process.exitCode ?? code, ...printed });
  process.exitCode = undefined;
});
