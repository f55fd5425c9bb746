/** How a configuration says that a model's weights are quantised. */
export interface QuantizationScheme {
  /** Where config.json says it: `quantization_config`, or `text_config.quantization_config`. */
  readonly key: string;
  /** What it says, in its own words: `quant_method gptq, bits 4, group_size 128`. */
  readonly text: string;
}

/** transformers' key, that of early compressed-tensors, and that of MLX. */
const KEYS = ['quantization_config', 'compression_config', 'quantization'];

/** What tells one scheme from another, in the words of the tools that write them. */
const FACTS = [
  'quant_method',
  'quant_algo',
  'quant_type',
  '_type',
  'format',
  'fmt',
  'mode',
  'type',
  'weights',
  'bits',
  'nbits',
  'w_bit',
  'num_bits',
  'nbits_per_codebook',
  'load_in_8bit',
  'load_in_4bit',
  'bnb_4bit_quant_type',
  'group_size',
  'weight_block_size',
];

type JsonObject = Readonly<Record<string, unknown>>;

/** The scheme that a config.json names, of the model or of its language part. */
export function quantizationScheme(config: unknown): QuantizationScheme | undefined {
  if (!isObject(config)) return undefined;
  const parts = Object.entries(config).filter(([key]) => !KEYS.includes(key));
  for (const [prefix, part] of [['', config] as const, ...parts]) {
    if (!isObject(part)) continue;
    const name = KEYS.find((key) => isScheme(part[key]));
    if (name === undefined) continue;
    return { key: prefix === '' ? name : `${prefix}.${name}`, text: describe(part[name]) };
  }
  return undefined;
}

/** A bitsandbytes configuration with both of its modes off is of a model that was never quantised. */
function isScheme(value: unknown): boolean {
  if (!isObject(value) || Object.keys(value).length === 0) return false;
  const { load_in_8bit: eight, load_in_4bit: four } = value;
  return !(eight === false && four === false);
}

function describe(scheme: unknown): string {
  const found = new Map<string, string>();
  collectFacts(scheme, found, 0);
  const facts = FACTS.flatMap((key) => (found.has(key) ? [`${key} ${found.get(key)}`] : []));
  if (facts.length > 0) return facts.join(', ');
  return isObject(scheme) ? `with ${Object.keys(scheme).slice(0, 5).join(', ').slice(0, 200)}` : '';
}

/** The first value of every fact; groups of layers and nested schemes lie deeper than the method. */
function collectFacts(value: unknown, found: Map<string, string>, depth: number): void {
  if (!isObject(value) || depth > 5) return;
  for (const [key, fact] of Object.entries(value)) {
    const text = factText(fact);
    if (text !== undefined && FACTS.includes(key) && !found.has(key)) found.set(key, text);
  }
  for (const nested of Object.values(value)) collectFacts(nested, found, depth + 1);
}

/** Neither what is off nor what is no scalar or list of numbers says anything. */
function factText(fact: unknown): string | undefined {
  if (typeof fact === 'string' && fact !== '') return fact.slice(0, 60);
  if (typeof fact === 'number' || fact === true) return String(fact);
  const isList = Array.isArray(fact) && fact.length > 0 && fact.length < 5;
  return isList && fact.every((size) => typeof size === 'number') ? fact.join('x') : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
