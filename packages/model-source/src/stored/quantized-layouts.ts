import { isFloating, type StoredTensor } from './stored-tensors.js';

interface Layout {
  /** Of a tensor's name. */
  readonly name: RegExp;
  /** Who writes tensors so. */
  readonly scheme: string;
  /** The name says nothing where the tensor is floating point: some module may be called so. */
  readonly onlyCodes?: boolean;
}

/**
 * The tensors that quantised checkpoints hold beside or in place of a weight, most telling first. A
 * name that ends in `scale` or `scales` alone is not among them: layers, norms and logits have scales
 * that are learned.
 */
const LAYOUTS: readonly Layout[] = [
  { name: /weight\.quant_state\.bitsandbytes__\w+$/, scheme: 'bitsandbytes 4-bit' },
  { name: /weight\.(?:nested_)?(?:absmax|quant_map)$/, scheme: 'bitsandbytes 4-bit' },
  { name: /\.(?:SCB|weight_format)$/, scheme: 'bitsandbytes 8-bit' },
  { name: /\.weight_scale_2$/, scheme: 'ModelOpt NVFP4' },
  { name: /\.(?:weight_packed|weight_global_scale)$/, scheme: 'compressed-tensors' },
  { name: /\.g_idx$/, scheme: 'GPTQ' },
  { name: /\.(?:qweight|qzeros)$/, scheme: 'GPTQ or AWQ' },
  { name: /_scale_inv$/, scheme: 'FP8 with scales by block' },
  { name: /weight\._(?:data|scale|shift)$/, scheme: 'Quanto' },
  { name: /_weight_(?:qdata|scale|zero_point|scale_and_zero)$/, scheme: 'torchao' },
  { name: /weight[:.](?:qdata|_data|int_data)$/, scheme: 'torchao' },
  { name: /weight_(?:scales?|zero_point|shape)$/, scheme: 'integers or FP8 with scales' },
  { name: /_blocks$/, scheme: 'MXFP4', onlyCodes: true },
  { name: /\.W_q$/, scheme: 'HQQ', onlyCodes: true },
  { name: /\.codes$/, scheme: 'AQLM', onlyCodes: true },
  { name: /\.Qidxs$/, scheme: 'QuIP#', onlyCodes: true },
  { name: /(?:_scale|[._]scales|[._]zeros|zero_point)$/, scheme: 'scales', onlyCodes: true },
  { name: /(?:^|[._])weight$/, scheme: 'codes in the place of weights', onlyCodes: true },
];

/** Types that exist for weights only. */
const QUANTIZED_TYPE = /^F[468]_|^F4$/;

/** A tensor that shows that the checkpoint is quantised, and whose layout it is. */
export function findQuantized(
  tensors: readonly StoredTensor[],
): { readonly tensor: StoredTensor; readonly scheme: string } | undefined {
  const telling = LAYOUTS.find((layout) => tensors.some((tensor) => isOf(layout, tensor)));
  const typed = tensors.find(({ type }) => QUANTIZED_TYPE.test(type));
  if (!telling && !typed) return undefined;
  // The codes themselves say more than the scales beside them.
  const codes = tensors.find((tensor) => !isFloating(tensor) && CODES.test(tensor.name));
  const tensor = codes ?? typed ?? tensors.find((each) => telling && isOf(telling, each));
  return tensor && { tensor, scheme: telling?.scheme ?? tensor.type };
}

/** Names of what stands in the place of a weight. */
const CODES = /weight(?:_packed)?$|_blocks$|\.codes$|\.W_q$|data$/;

function isOf({ name, onlyCodes }: Layout, tensor: StoredTensor): boolean {
  return name.test(tensor.name) && !(onlyCodes && isFloating(tensor));
}
