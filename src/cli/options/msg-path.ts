import { Option } from "commander";
import { MessageFolders } from "../../bag/message-folders.js";

/** `--msg-path`, wherever recordings are read. */
export const msgPathOption = (): Option =>
  new Option("--msg-path <dir>", "folder of .msg files, for recordings without definitions; may be repeated")
    .argParser((path: string, before: readonly string[]) => [...before, path])
    .default([]);

/** What was given; undefined where nothing was. @throws InputError as `MessageFolders.read` */
export async function foldersOf({
  msgPath,
}: {
  readonly msgPath: readonly string[];
}): Promise<MessageFolders | undefined> {
  return msgPath.length > 0 ? MessageFolders.read(msgPath) : undefined;
}
