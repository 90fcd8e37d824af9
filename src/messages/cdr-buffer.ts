const utf8 = new TextEncoder();

/** The first four bytes of every message: plain CDR, little-endian, no options (DDS-XTypes 7.6.2). */
const ENCAPSULATION = Uint8Array.of(0, 1, 0, 0);

/** A growing little-endian CDR stream. Alignment counts from the end of the encapsulation header. */
export class CdrBuffer {
  #bytes: Uint8Array;
  #view: DataView;
  #length = ENCAPSULATION.length;

  /** @param capacity initial size, bytes; the buffer grows when needed */
  constructor(capacity: number) {
    this.#bytes = new Uint8Array(Math.max(capacity, ENCAPSULATION.length));
    this.#view = new DataView(this.#bytes.buffer);
    this.#bytes.set(ENCAPSULATION);
  }

  /** The bytes written so far, header included; starts at offset 0 of its buffer. */
  get data(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Pads to a multiple of `size`, reserves `count` × `size` bytes and returns where they start. */
  #take(size: number, count = 1): number {
    const position = this.#length - ENCAPSULATION.length;
    const start = this.#length + ((size - (position % size)) % size);
    this.#length = start + size * count;
    if (this.#length > this.#bytes.length) this.#grow();
    return start;
  }

  #grow(): void {
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  // Each setter reserves its bytes first, because growing replaces the view.
  int8(value: number): void {
    const at = this.#take(1);
    this.#view.setInt8(at, value);
  }
  uint8(value: number): void {
    const at = this.#take(1);
    this.#view.setUint8(at, value);
  }
  int16(value: number): void {
    const at = this.#take(2);
    this.#view.setInt16(at, value, true);
  }
  uint16(value: number): void {
    const at = this.#take(2);
    this.#view.setUint16(at, value, true);
  }
  int32(value: number): void {
    const at = this.#take(4);
    this.#view.setInt32(at, value, true);
  }
  uint32(value: number): void {
    const at = this.#take(4);
    this.#view.setUint32(at, value, true);
  }
  int64(value: bigint): void {
    const at = this.#take(8);
    this.#view.setBigInt64(at, value, true);
  }
  uint64(value: bigint): void {
    const at = this.#take(8);
    this.#view.setBigUint64(at, value, true);
  }
  float32(value: number): void {
    const at = this.#take(4);
    this.#view.setFloat32(at, value, true);
  }
  float64(value: number): void {
    const at = this.#take(8);
    this.#view.setFloat64(at, value, true);
  }

  /** Length in UTF-8 bytes with the closing zero, then those bytes. */
  string(value: string): void {
    const bytes = utf8.encode(value);
    this.uint32(bytes.length + 1);
    const at = this.#take(1, bytes.length + 1);
    this.#bytes.set(bytes, at);
    this.#bytes[at + bytes.length] = 0;
  }

  /** The memory of a typed array, aligned to the element size; nothing where the array is empty. */
  elements(values: ArrayBufferView & { readonly BYTES_PER_ELEMENT: number }): void {
    if (values.byteLength === 0) return;
    const at = this.#take(values.BYTES_PER_ELEMENT, values.byteLength / values.BYTES_PER_ELEMENT);
    this.#bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
  }
}
