/**
 * Operators through which no cotangent flows, by operator key: integer or boolean results, results
 * that depend on shapes only, and steps whose derivative is zero wherever it exists. A cotangent
 * that arrives here is dropped; a `Cast` to or from an integer type drops it likewise, because
 * only floating-point values carry one.
 */
export const nonDifferentiable: ReadonlySet<string> = new Set([
  'And',
  'ArgMax',
  'ArgMin',
  'BitShift',
  'BitwiseAnd',
  'BitwiseNot',
  'BitwiseOr',
  'Ceil',
  'Constant',
  'ConstantOfShape',
  'Equal',
  'EyeLike',
  'Floor',
  'Greater',
  'GreaterOrEqual',
  'IsInf',
  'IsNaN',
  'Less',
  'LessOrEqual',
  'NonZero',
  'Not',
  'OneHot',
  'Or',
  'RandomNormalLike',
  'RandomUniformLike',
  'Range',
  'Round',
  'Shape',
  'Sign',
  'Size',
  'Xor',
]);
