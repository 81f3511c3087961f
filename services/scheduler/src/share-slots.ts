import type { Claimer } from './claimer.ts';

/**
 * Shares the slots of one claim among claimers, one each in turn, so that none starves while another fills up. `first` is where to
 * begin, to be moved on from claim to claim.
 */
export function shareSlots(claimers: readonly Claimer[], limit: number, first: number): Claimer[] {
  const left = claimers.map((claimer) => Math.min(claimer.wanted(), limit));
  const slots: Claimer[] = [];
  let open = left.filter((wanted) => wanted > 0).length;
  for (let i = first; open > 0 && slots.length < limit; i++) {
    const at = i % claimers.length;
    const wanted = left[at] ?? 0;
    const claimer = claimers[at];
    if (wanted === 0 || !claimer) continue;
    slots.push(claimer);
    left[at] = wanted - 1;
    if (wanted === 1) open--;
  }
  return slots;
}
