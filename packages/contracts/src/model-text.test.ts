import { expect, it } from 'vitest';
import { modelText } from './model-text.js';

const pointer = `version https://git-lfs.github.com/spec/v1
oid sha256:c9a7a4f5b4ba8e6a4eb1c2a1fd2e3f0a9a0f5b6c7d8e9f00112233445566778a
size 988097824
`;

it.each([
  ['a Git LFS pointer', Buffer.from(pointer), /Git LFS pointer.*git lfs pull/],
  ['UTF-16, little-endian', Buffer.from('\ufeff{"a": 1}', 'utf16le'), /UTF-16/],
  ['UTF-16, big-endian', Buffer.from('\ufeff{"a": 1}', 'utf16le').swap16(), /UTF-16/],
  ['UTF-16 without a mark, little-endian', Buffer.from('{"a": 1}', 'utf16le'), /UTF-16/],
  ['UTF-16 without a mark, big-endian', Buffer.from('{"a": 1}', 'utf16le').swap16(), /UTF-16/],
  ['a byte order mark', Buffer.from('\ufeff{"a": 1}'), /byte order mark/],
  ['cut after a byte', Buffer.from('{\0\0\0'), /byte 1 is NUL/],
  ['nothing but NUL', Buffer.alloc(9), /byte 0 is NUL/],
  ['NUL bytes', Buffer.from('{"a": 1}\0\0'), /byte 8 is NUL/],
  ['Latin-1', Buffer.from('{"a": "é"}', 'latin1'), /not UTF-8/],
])('says that a file is %s', (_, bytes, message) => {
  expect(() => modelText(bytes, 'config.json', 'config_invalid')).toThrow(
    expect.objectContaining({ code: 'config_invalid', message: expect.stringMatching(message) }),
  );
});

it('gives the text of any other', () => {
  const text = `{"a": "é, version https://git-lfs.github.com/spec/v1"}`;
  expect(modelText(Buffer.from(text), 'config.json', 'config_invalid')).toBe(text);
});
