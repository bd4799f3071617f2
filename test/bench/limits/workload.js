// Requests of three kinds, always the same ones: the n-th depends on n alone.

/** Tokens of input, tokens of the answer, and the `max_tokens` that a careful user would set: more than is needed. */
const sizes = {
  uniform: () => ({ input: 200, output: 100, max: 250 }),
  "long-tailed": (n) => {
    const input = Math.min(3000, Math.round(150 * Math.exp(normal(n, 1))));
    const output = Math.min(1000, Math.max(5, Math.round(70 * Math.exp(normal(n, 3)))));
    return { input, output, max: 1000 };
  },
  bursty: (n) => (n % 60 < 50 ? { input: 50, output: 20, max: 60 } : { input: 1500, output: 300, max: 700 }),
};

/** The n-th request's body, for chat completions and for messages alike. */
export function bodyOf(workload, n) {
  const { input, output, max } = sizes[workload](n);
  const question = `Question ${n}: answer in ${output} tokens. `;
  const content =
    question + "All this has to be read. ".repeat(Math.ceil((input * 4) / 25)).slice(0, Math.max(0, input * 4 - question.length));
  return { model: "practice", max_tokens: max, messages: [{ role: "user", content }] };
}

/** Gaussian, by Box and Muller. */
function normal(n, salt) {
  return Math.sqrt(-2 * Math.log(1 - uniform(n, salt))) * Math.cos(2 * Math.PI * uniform(n, salt + 1));
}

function uniform(n, salt) {
  let bits = (Math.imul(n + 1, 0x9e3779b9) + Math.imul(salt, 0x7feb352d)) | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
}
