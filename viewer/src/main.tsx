import { render } from "preact";
import { App } from "./app.js";
import "./style.css";
import { cleanTexts } from "./ui/cleaned.js";

cleanTexts();
render(<App />, document.body);
