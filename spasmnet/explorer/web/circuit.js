// The circuit: every node is a sum of products of two earlier values. Run forwards it gives P(findings), run backwards
// the derivative with respect to every leaf. Leaves are indicators (one a state), numbers, and sums of numbers.

const HUGE = 2 ** 512, LARGE = 2 ** 256, LEAST = 1e-290;

function summed(differences) {
  const found = new Int32Array(differences.length);
  let total = 0;
  differences.forEach((step, i) => { found[i] = total += step; });
  return found;
}

class Circuit {
  constructor({ leaves, nodes, constants, root, runs, left, right }) {
    Object.assign(this, { leaves, nodes, constants, root, runs });
    this.left = summed(left);
    this.right = summed(right);
    this.size = leaves + nodes + constants.length;
    this.values = new Float64Array(this.size);
    this.slopes = new Float64Array(this.size);
    this.positive = new Uint8Array(this.size);
  }

  // ln P, and for each leaf the derivative of P divided by P; null if P is 0.
  solve(leaves) {
    const { values, slopes } = this;
    this.fill(values, leaves);
    this.forwards(values);
    const total = values[this.root];
    if (total < LEAST) return this.possible(leaves) ? this.solveWide(leaves) : null;
    slopes.fill(0);
    slopes[this.root] = 1 / total;
    this.backwards(values, slopes);
    return { log: Math.log(total), slopes: slopes.slice(0, this.leaves) };
  }

  // Whether P is more than 0: a sum is if one of its products is, and a product if both factors are. Nothing underflows.
  possible(leaves) {
    const { runs, left, right, positive, constants } = this;
    for (let i = 0; i < leaves.length; i++) positive[i] = leaves[i] > 0;
    constants.forEach((value, i) => { positive[this.leaves + this.nodes + i] = value > 0; });
    let node = this.leaves, k = 0;
    for (let r = 0; r < runs.length; r += 2) {
      for (const last = node + runs[r + 1]; node < last; node++) {
        let some = 0;
        for (const end = k + runs[r]; k < end; k++) some |= positive[left[k]] & positive[right[k]];
        positive[node] = some;
      }
    }
    return positive[this.root] === 1;
  }

  fill(values, leaves) {
    values.set(leaves);
    values.set(this.constants, this.leaves + this.nodes);
  }

  forwards(values) {
    const { runs, left, right } = this;
    let node = this.leaves, k = 0;
    for (let r = 0; r < runs.length; r += 2) {
      const arity = runs[r], last = node + runs[r + 1];
      for (; node < last; node++) {
        let sum = 0;
        for (const end = k + arity; k < end; k++) sum += values[left[k]] * values[right[k]];
        values[node] = sum;
      }
    }
  }

  backwards(values, slopes) {
    const { runs, left, right } = this;
    let node = this.leaves + this.nodes - 1, k = left.length - 1;
    for (let r = runs.length - 2; r >= 0; r -= 2) {
      const arity = runs[r], first = node - runs[r + 1];
      for (; node > first; node--) {
        const slope = slopes[node], end = k - arity;
        if (slope === 0) { k = end; continue; }
        for (; k > end; k--) {
          slopes[left[k]] += slope * values[right[k]];
          slopes[right[k]] += slope * values[left[k]];
        }
      }
    }
  }

  // The same for a P that is more than 0 and would underflow: value i is m[i] * HUGE ** e[i], with m[i] = 0 or in [1 / LARGE, LARGE).
  solveWide(leaves) {
    const { runs, left, right, size, root } = this;
    const m = new Float64Array(size), e = new Int32Array(size);
    this.fill(m, leaves);
    for (let i = 0; i < size; i++) add(m, e, i, 0, 0);
    let node = this.leaves, k = 0;
    for (let r = 0; r < runs.length; r += 2) {
      for (const last = node + runs[r + 1]; node < last; node++) {
        for (const end = k + runs[r]; k < end; k++) add(m, e, node, m[left[k]] * m[right[k]], e[left[k]] + e[right[k]]);
      }
    }
    const dm = new Float64Array(size), de = new Int32Array(size);
    dm[root] = 1;
    for (let r = runs.length - 2, k = left.length - 1, node = this.leaves + this.nodes - 1; r >= 0; r -= 2) {
      for (const first = node - runs[r + 1]; node > first; node--) {
        for (const end = k - runs[r]; k > end; k--) {
          const [a, b] = [left[k], right[k]];
          add(dm, de, a, dm[node] * m[b], de[node] + e[b]);
          add(dm, de, b, dm[node] * m[a], de[node] + e[a]);
        }
      }
    }
    const slopes = new Float64Array(this.leaves);
    for (let i = 0; i < slopes.length; i++) slopes[i] = (dm[i] / m[root]) * HUGE ** (de[i] - e[root]);
    return { log: Math.log(m[root]) + 512 * Math.LN2 * e[root], slopes };
  }
}

// m[i] * HUGE ** e[i] += p * HUGE ** q
function add(m, e, i, p, q) {
  if (p !== 0) {
    if (p < 1 / LARGE) { p *= HUGE; q--; } else if (p >= LARGE) { p /= HUGE; q++; }
    if (m[i] === 0 || q > e[i] + 1) { m[i] = p; e[i] = q; return void normalise(m, e, i); }
    if (q === e[i]) m[i] += p;
    else if (q === e[i] + 1) { m[i] = p + m[i] / HUGE; e[i] = q; }
    else if (q === e[i] - 1) m[i] += p / HUGE;
  }
  normalise(m, e, i);
}

function normalise(m, e, i) {
  if (m[i] >= LARGE) { m[i] /= HUGE; e[i]++; }
  else if (m[i] !== 0 && m[i] < 1 / LARGE) { m[i] *= HUGE; e[i]--; }
}
