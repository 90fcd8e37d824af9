import { options, render } from "preact";
import { App } from "./app.js";
import "./style.css";
import { cleanTexts } from "./ui/cleaned.js";
import { inNextFrame } from "./ui/frames.js";

// Effects of signals run in the frame in which the signals changed, not in the one after.
options.requestAnimationFrame = inNextFrame;
cleanTexts();
render(<App />, document.body);
