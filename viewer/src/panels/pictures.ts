/** The canvas of each camera panel by camera, for those who show its picture elsewhere. */
export const pictures = new Map<string, HTMLCanvasElement>();
