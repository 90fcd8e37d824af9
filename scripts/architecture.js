// Writes the table and the picture of docs/architecture.md: `npm run architecture`.
import { readFileSync, writeFileSync } from "node:fs";
import { importsBetweenRooms, roomPicture, roomTable } from "./rooms.js";

const page = new URL("../docs/architecture.md", import.meta.url);
const text = readFileSync(page, "utf8");
writeFileSync(
  page,
  text.replace(/(<!-- rooms -->\n)[\s\S]*?(<!-- end -->)/, (_, start, end) => `${start}${roomTable()}\n${end}`),
);
const picture = new URL("../docs/images/architecture.svg", import.meta.url);
writeFileSync(picture, await roomPicture(await importsBetweenRooms()));
