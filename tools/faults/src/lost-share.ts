import { seededRandom } from './random.ts';

const { FAULTS_LOST_SHARE = '0', FAULTS_SEED = '0' } = process.env;
const share = Number(FAULTS_LOST_SHARE);
const random = seededRandom(Number(FAULTS_SEED) ^ process.pid);

/** Whether this reply is one of those that get lost. */
export function lostShare(): boolean {
  return random.next() < share;
}
