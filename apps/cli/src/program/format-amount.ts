function scale(value: bigint, decimals: number): string {
  const digits = value.toString().padStart(decimals + 1, '0');
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  const whole = digits.slice(0, digits.length - decimals);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** An amount of wei for people, exact: in ETH from a millionth of an ETH on, else in gwei, else in wei. */
export function formatWei(wei: bigint): string {
  if (wei < 0n) return `-${formatWei(-wei)}`;
  if (wei === 0n) return '0 ETH';
  if (wei >= 10n ** 12n) return `${scale(wei, 18)} ETH`;
  if (wei >= 10n ** 6n) return `${scale(wei, 9)} gwei`;
  return `${wei} wei`;
}
