export interface RoomImport {
  readonly from: string;
  readonly to: string;
  readonly typesOnly: boolean;
}
export const rooms: Readonly<Record<string, { holds: string; may: string[]; typesOnly?: string[] }>>;
export function roomTable(): string;
export function importsBetweenRooms(): Promise<RoomImport[]>;
export function withoutImplied(imports: readonly RoomImport[]): RoomImport[];
export function roomPicture(imports: readonly RoomImport[]): Promise<string>;
export function arrowsOf(svg: string): string[];
