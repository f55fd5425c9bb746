/** Names that formats have elsewhere, and what they are called here. */
export const otherNames: Readonly<Record<string, string>> = {
  bfloat16: 'bf16',
  float16: 'fp16',
  float32: 'fp32',
  w4a16: 'int4_g128',
  w4a16_asym: 'int4_g128_asym',
  w8a16: 'int8_channel',
  nvfp4a16: 'nvfp4',
  mxfp4a16: 'mxfp4',
};
