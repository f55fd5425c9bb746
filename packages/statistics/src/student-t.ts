/** The 97.5 % quantile of the standard normal distribution. */
const Z = 1.959963984540054;

/** From here on the expansion below is exact to 1e-10. */
const MANY = 200;

/**
 * The 97.5 % quantile of Student's t distribution, the half width of a 95 % interval in standard
 * errors: 12.71 for one degree of freedom, 1.96 in the limit.
 *
 * Up to 200 degrees of freedom the closed form of the distribution function (Abramowitz and Stegun
 * 26.7.3 and 26.7.4) is inverted by bisection; beyond, the expansion about the normal quantile
 * (26.7.5) is used. A relative error below 1e-11.
 *
 * @param degreesOfFreedom integer, at least 1
 */
export function studentT975(degreesOfFreedom: number): number {
  if (degreesOfFreedom > MANY) return expansion(degreesOfFreedom);
  // Bisection over θ = arctan(t/√ν), which is bounded where t is not.
  let [low, high] = [0, Math.PI / 2];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (centralProbability(middle, degreesOfFreedom) < 0.95) low = middle;
    else high = middle;
  }
  return Math.sqrt(degreesOfFreedom) * Math.tan((low + high) / 2);
}

/** P(|T| < √ν tan θ). */
function centralProbability(theta: number, degreesOfFreedom: number): number {
  const squaredCosine = Math.cos(theta) ** 2;
  const odd = degreesOfFreedom % 2 === 1;
  let term = odd ? Math.cos(theta) : 1;
  let sum = 0;
  for (let power = odd ? 1 : 0; power <= degreesOfFreedom - 2; power += 2) {
    sum += term;
    term *= (squaredCosine * (power + 1)) / (power + 2);
  }
  const series = Math.sin(theta) * sum;
  return odd ? (2 / Math.PI) * (theta + series) : series;
}

function expansion(degreesOfFreedom: number): number {
  const coefficients = [
    (Z ** 3 + Z) / 4,
    (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / 96,
    (3 * Z ** 7 + 19 * Z ** 5 + 17 * Z ** 3 - 15 * Z) / 384,
    (79 * Z ** 9 + 776 * Z ** 7 + 1482 * Z ** 5 - 1920 * Z ** 3 - 945 * Z) / 92_160,
  ];
  return coefficients.reduce((t, c, i) => t + c / degreesOfFreedom ** (i + 1), Z);
}
