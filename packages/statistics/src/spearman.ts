/**
 * Spearman's rank correlation of two equally long lists: Pearson's correlation of their ranks,
 * equal values sharing their mean rank. NaN where a list has fewer than two different values.
 */
export function spearman(xs: readonly number[], ys: readonly number[]): number {
  return pearson(meanRanks(xs), meanRanks(ys));
}

function meanRanks(values: readonly number[]): readonly number[] {
  return values.map((value) => {
    const smaller = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return smaller + (equal + 1) / 2;
  });
}

function pearson(xs: readonly number[], ys: readonly number[]): number {
  const meanX = mean(xs);
  const meanY = mean(ys);
  const products = xs.map((x, index) => (x - meanX) * ((ys[index] ?? Number.NaN) - meanY));
  const spread = Math.sqrt(
    sum(xs.map((x) => (x - meanX) ** 2)) * sum(ys.map((y) => (y - meanY) ** 2)),
  );
  return sum(products) / spread;
}

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

const mean = (values: readonly number[]): number => sum(values) / values.length;
