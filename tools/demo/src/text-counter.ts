/** How much text there is. */
export interface TextCount {
  /** Newline characters, as `wc -l` counts them. */
  readonly lines: number;
  /** Runs of characters without white space, as `wc -w` counts them in a UTF-8 locale. */
  readonly words: number;
}

/** Bytes that were to be text are not UTF-8. */
export class NotUtf8Error extends Error {
  override readonly name = 'NotUtf8Error';
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const DELETE = 0x7f;
const LAST_CONTROL = 0x9f;

/** Counts lines and words of UTF-8 text that comes piece by piece; a character may be split between two pieces. */
export class TextCounter {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #lines = 0;
  #words = 0;
  #inWord = false;

  /** Takes in the next piece; throws a NotUtf8Error if it is none. */
  add(piece: Uint8Array): void {
    this.#count(this.#decode(piece));
  }

  /** The counts of everything that was added; throws a NotUtf8Error if the text ends within a character. */
  end(): TextCount {
    this.#count(this.#decode());
    return { lines: this.#lines, words: this.#words };
  }

  #decode(piece?: Uint8Array): string {
    try {
      return piece ? this.#decoder.decode(piece, { stream: true }) : this.#decoder.decode();
    } catch (error) {
      throw new NotUtf8Error('the bytes are not UTF-8', { cause: error });
    }
  }

  #count(text: string): void {
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code === NEWLINE) this.#lines += 1;
      if (isSpace(code)) {
        this.#inWord = false;
      } else if (!this.#inWord && !isControl(code)) {
        this.#inWord = true;
        this.#words += 1;
      }
    }
  }
}

/** White space to `wc`: what Unicode calls so, non-breaking spaces and the word joiner included, but not U+0085. */
function isSpace(code: number): boolean {
  if (code <= DELETE) return code === SPACE || (code >= 0x09 && code <= 0x0d);
  if (code < 0x1680) return code === 0xa0;
  return (
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x1680 ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x2060 ||
    code === 0x3000
  );
}

/** Control characters begin no word, though they may be inside one. */
function isControl(code: number): boolean {
  return code < SPACE || (code >= DELETE && code <= LAST_CONTROL);
}
