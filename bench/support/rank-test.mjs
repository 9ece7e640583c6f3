/**
 * Mann and Whitney's test of whether two samples come from one distribution, by the normal approximation with ties.
 * @returns `first`: how often a value of the first is the greater (0.5: they cannot be told apart), and `p`: how likely a
 *   difference like this is when there is none
 */
export function rankTest(one, other) {
  const all = [...one.map((value) => ({ value, first: true })), ...other.map((value) => ({ value, first: false }))];
  all.sort((a, b) => a.value - b.value);
  let rankSum = 0;
  let ties = 0;
  for (let begin = 0; begin < all.length;) {
    let end = begin;
    while (end < all.length && all[end].value === all[begin].value) end++;
    const count = end - begin;
    // Equal values share the mean of their ranks.
    const rank = (begin + 1 + end) / 2;
    rankSum += rank * all.slice(begin, end).filter(({ first }) => first).length;
    ties += count ** 3 - count;
    begin = end;
  }
  const [n, m, total] = [one.length, other.length, all.length];
  const u = rankSum - (n * (n + 1)) / 2;
  const deviation = Math.sqrt(((n * m) / 12) * (total + 1 - ties / (total * (total - 1))));
  const z = deviation === 0 ? 0 : (u - (n * m) / 2) / deviation;
  return { first: u / (n * m), p: 2 * (1 - normal(Math.abs(z))) };
}

/** Distribution function of the standard normal distribution (Abramowitz and Stegun, 26.2.17). */
function normal(z) {
  const t = 1 / (1 + 0.2316419 * z);
  const tail = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429];
  const sum = tail.reduce((total, factor, index) => total + factor * t ** (index + 1), 0);
  return 1 - (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * sum;
}
