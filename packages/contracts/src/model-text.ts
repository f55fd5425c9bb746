import { type ErrorCode, LayersenseError } from './error-codes.js';

/** What a repository that was cloned without Git LFS holds in place of a large file, 1,024 bytes at most. */
const LFS_POINTER = 'version https://git-lfs.github.com/spec/';

/** @param head the file's first bytes, the whole of it where it is small */
export function isLfsPointer(head: Uint8Array): boolean {
  return new TextDecoder('latin1').decode(head.subarray(0, LFS_POINTER.length)) === LFS_POINTER;
}

export function lfsPointer(file: string, code: ErrorCode): LayersenseError {
  return new LayersenseError(
    code,
    `${file} is a Git LFS pointer and not the file itself: the repository was cloned without Git LFS. Run git lfs pull there, or download the file.`,
    { file },
  );
}

/**
 * The text of a model's JSON file, as strictly as Python reads it.
 *
 * @throws LayersenseError `code` for what is no UTF-8 text, saying what it is instead
 */
export function modelText(bytes: Uint8Array, file: string, code: ErrorCode): string {
  if (isLfsPointer(bytes)) throw lfsPointer(file, code);
  const invalid = (problem: string) =>
    new LayersenseError(code, `${file} is not valid JSON: ${problem}.`, { file });
  const [first, second, third] = bytes;
  if (isUtf16(bytes)) {
    throw invalid('it is UTF-16 text. Save it as UTF-8');
  }
  if (first === 0xef && second === 0xbb && third === 0xbf) {
    throw invalid('it begins with a byte order mark. Save it as UTF-8 without one');
  }
  const nul = bytes.indexOf(0);
  if (nul >= 0) {
    throw invalid(
      `byte ${nul} is NUL, as in a file that was not written to its end. Download or export the model again`,
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid('it is not UTF-8 text. Save it as UTF-8');
  }
}

/** JSON begins with two ASCII characters, so that without a byte order mark one byte of each is NUL. */
function isUtf16([first, second, third]: Uint8Array): boolean {
  const marked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  const [lowFirst, highFirst] = [first !== 0 && second === 0, first === 0 && second !== 0];
  return marked || (lowFirst && third !== 0) || (highFirst && third === 0);
}
