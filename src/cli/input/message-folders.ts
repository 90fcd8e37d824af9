import { MessageFolders } from "../../bag/message-folders.js";

/** The folders of `--msg-path`; undefined if there are none. @throws InputError as `MessageFolders.read` */
export async function foldersOf({
  msgPath,
}: {
  readonly msgPath: readonly string[];
}): Promise<MessageFolders | undefined> {
  return msgPath.length > 0 ? MessageFolders.read(msgPath) : undefined;
}
