import { type CpuProfile, selfTimes } from './cpu-profile.ts';

const frame = (functionName: string, url = '', lineNumber = 0) => ({ functionName, url, lineNumber });
const PROFILE: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(idle)') },
    { id: 2, callFrame: frame('claim', 'file:///x/libs/store/src/claim.ts', 9) },
    { id: 3, callFrame: frame('', 'file:///x/node_modules/@grpc/grpc-js/build/call.js', 4) },
    { id: 4, callFrame: frame('claim', 'file:///x/libs/store/src/claim.ts', 9) },
    { id: 5, callFrame: frame('write', 'node:net', 1) },
  ],
  samples: [1, 2, 3, 4, 5],
  startTime: 5_000_000,
  timeDeltas: [900_000, 3_000, 2_000, 4_000, 1_000],
};

test('the busiest places come first, idleness aside, whoever called them', () => {
  expect(selfTimes(PROFILE, 'function')).toEqual([
    { place: 'claim libs/store/claim.ts:10', milliseconds: 7, share: 0.7 },
    { place: '(anonymous) @grpc/grpc-js/call.js:5', milliseconds: 2, share: 0.2 },
    { place: 'write node:net:2', milliseconds: 1, share: 0.1 },
  ]);
});

test('by package', () => {
  const places = selfTimes(PROFILE, 'package').map(({ place }) => place);
  expect(places).toEqual(['libs/store', '@grpc/grpc-js', 'node:net']);
});

test('only what was measured', () => {
  const times = selfTimes(PROFILE, 'package', (atMs) => atMs > 5_904);
  expect(times.map(({ place, milliseconds }) => [place, milliseconds])).toEqual([
    ['libs/store', 4],
    ['@grpc/grpc-js', 2],
    ['node:net', 1],
  ]);
});
