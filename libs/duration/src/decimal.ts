const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/;

/**
 * Multiplies a decimal number, given as text or number, by a whole number without a rounding error on the way; the product
 * is rounded once, half away from zero. Undefined when the text is not a decimal number.
 */
export function multiplyDecimal(decimal: string | number, factor: bigint): bigint | undefined {
  if (typeof decimal === 'number' && Number.isSafeInteger(decimal)) return BigInt(decimal) * factor;
  // A number is taken as the shortest decimal that names it: 0.1 is a tenth, not 0.1000000000000000055.
  const match = DECIMAL.exec(String(decimal));
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction) * factor;
  const size = scale <= 0 ? digits * 10n ** BigInt(-scale) : divideRounded(digits, 10n ** BigInt(scale));
  return sign === '-' ? -size : size;
}

/** Divides and rounds half away from zero; the divisor is positive. */
function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const half = divisor / 2n;
  return (dividend < 0n ? dividend - half : dividend + half) / divisor;
}
