import { status as Code } from '@grpc/grpc-js';
import fc from 'fast-check';
import type { Answer } from './caller.ts';
import { Caller } from './caller.ts';
import type { Books } from './books.ts';
import { type BadRequest, nested } from './fragments.ts';
import { callWell, methodOf, putThingsThere } from './fixture.ts';
import { hostileMessages } from './fuzz.ts';
import { judge, type Verdict } from './judge.ts';
import { RPCS } from './rpcs.ts';
import { DISPATCH_REQUESTS } from './tables/dispatch-services.ts';
import { OTHER_REQUESTS } from './tables/other-services.ts';
import { SCHEDULE_REQUESTS } from './tables/schedule-service.ts';
import { TASK_REQUESTS } from './tables/task-service.ts';
import { TASK_TYPE_REQUESTS } from './tables/task-type-service.ts';
import { writeMessage } from './write-message.ts';

/** What must be refused, by RPC. */
const BAD_REQUESTS: Readonly<Record<string, readonly BadRequest[]>> = {
  ...TASK_REQUESTS,
  ...TASK_TYPE_REQUESTS,
  ...DISPATCH_REQUESTS,
  ...SCHEDULE_REQUESTS,
  ...OTHER_REQUESTS,
};

/** How many bad inputs each RPC meets, those of the tables and generated ones together. */
const INPUTS = 200;
const FEWEST_ROWS = 8;
const TIMEOUT_MS = 600_000;

/** Of a request that is told to have changed something: so often it must do so, as time may have changed it as well. */
const TRIES = 4;

/** How long generated calls may go on, which may be good ones that wait for something to happen. */
const PATIENCE_MS = 60;

/** What a request of FailTasks can be nested by without end, from failures[0].error on: causes, and the values of a context. */
const ERROR = [2, 2];
const CAUSES = [12];
const CONTEXT = [...ERROR, 6];
const VALUES = [1, 2, 5];

/** A server under test: a process of its own. */
export interface ServerUnderTest {
  readonly address: string;
  readonly books: Books;
  /** What it has said of errors since this was last asked; nothing, if it is as it must be. */
  errors(): string;
  /** Whether it still is the process that was started. */
  isAlive(): boolean;
  stop(): Promise<void>;
}

/**
 * Registers tests that throw bad input at every RPC there is. `generated` is the share of the generated inputs that are tried;
 * `ORRERY_FUZZ_FACTOR` multiplies it, `ORRERY_FUZZ_SEED` repeats a failure.
 */
export function badInputSuite(start: () => Promise<ServerUnderTest>, { generated = 1 } = {}): void {
  const { ORRERY_FUZZ_FACTOR, ORRERY_FUZZ_SEED } = process.env;
  const seed = Number(ORRERY_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const factor = generated * Number(ORRERY_FUZZ_FACTOR ?? 1);
  /** What was generated may well be good. */
  const tally = { refused: 0, accepted: 0 };
  let server: ServerUnderTest;
  let caller: Caller;

  beforeAll(async () => {
    server = await start();
    caller = new Caller(server.address);
    await putThingsThere(caller);
  }, 60_000);

  afterAll(async () => {
    caller.close();
    await server.stop();
  });

  afterEach(async () => {
    expect(server.isAlive()).toBe(true);
    expect(server.errors()).toBe('');
    // It still serves; what was said about the namespace that all use is taken back.
    await callWell(caller, 'namespace.v1.NamespaceService/SetNamespace', { namespace: { name: 'default' } });
  });

  /** Makes a call, and looks whether what was refused changed anything. */
  async function tryOut(
    rpc: string,
    messages: readonly Uint8Array[],
    { tries, patienceMs }: { readonly tries: number; readonly patienceMs?: number },
  ): Promise<[Verdict, Answer]> {
    const method = methodOf(rpc);
    for (let left = tries; ; left -= 1) {
      const before = await server.books.take();
      const answer = await caller.call(method, messages, patienceMs);
      const verdict = judge(method, messages, answer);
      if (!verdict.isRefused || (await server.books.take()) === before) return [verdict, answer];
      if (left > 1) continue;
      return [{ ...verdict, problems: [...verdict.problems, 'it was refused and changed something'] }, answer];
    }
  }

  test('every RPC has bad requests of its own', () => {
    expect(Object.keys(BAD_REQUESTS).sort()).toEqual([...RPCS.keys()].sort());
    const few = Object.entries(BAD_REQUESTS).filter(([, rows]) => rows.length < FEWEST_ROWS);
    expect(few.map(([rpc]) => rpc)).toEqual([]);
  });

  test('what no message can be gRPC refuses itself, and nothing falls over', async () => {
    const before = await server.books.take();
    const failTasks = methodOf('dispatch.v1.DispatchService/FailTasks');
    const getTask = methodOf('task.v1.TaskService/GetTask');
    const large = writeMessage(getTask.input, { task_id: 'x'.repeat(5 * 1024 * 1024) });
    expect((await caller.call(getTask, [large])).code).toBe(Code.RESOURCE_EXHAUSTED);
    expect((await caller.call({ ...getTask, name: 'NoSuchMethod' }, [])).code).toBe(Code.UNIMPLEMENTED);
    for (const bytes of [nested(ERROR, CAUSES, 300_000), nested(CONTEXT, VALUES, 300_000)]) {
      const deep = await caller.call(failTasks, [bytes]);
      expect([Code.INTERNAL, Code.INVALID_ARGUMENT]).toContain(deep.code);
      expect(deep.message).not.toMatch(/stack|RangeError/);
    }
    expect(await server.books.take()).toBe(before);
  });

  describe.each([...RPCS.keys()])('%s', (rpc) => {
    const rows = BAD_REQUESTS[rpc] ?? [];

    test(
      `refuses ${rows.length} bad requests, says why, and changes nothing`,
      async () => {
        const { input } = methodOf(rpc);
        const wrong: string[] = [];
        for (const row of rows) {
          const messages = row.messages.map((message) => writeMessage(input, message));
          const [verdict, answer] = await tryOut(rpc, messages, { tries: 2 });
          const problems = [...verdict.problems, ...differences(row, verdict)];
          if (problems.length > 0) wrong.push(`${row.why}: ${problems.join('; ')} [${answer.message.slice(0, 300)}]`);
        }
        expect(wrong).toEqual([]);
      },
      TIMEOUT_MS,
    );
  });

  describe.each([...RPCS.keys()])('%s', (rpc) => {
    const runs = Math.ceil(Math.max(INPUTS - (BAD_REQUESTS[rpc]?.length ?? 0), INPUTS / 4) * factor);

    test(
      `answers ${runs} generated inputs as it is documented (ORRERY_FUZZ_SEED=${seed})`,
      async () => {
        const inputs = hostileMessages(methodOf(rpc));
        await fc.assert(
          fc.asyncProperty(inputs, async (messages) => {
            const [{ problems, isRefused }, { message }] = await tryOut(rpc, messages, {
              tries: TRIES,
              patienceMs: PATIENCE_MS,
            });
            tally[isRefused ? 'refused' : 'accepted'] += 1;
            if (problems.length > 0) throw new Error(`${problems.join('; ')} [${message.slice(0, 300)}]`);
          }),
          { seed, numRuns: runs },
        );
      },
      TIMEOUT_MS,
    );
  });

  test('of what is generated most is refused, and some gets as far as a good request does', () => {
    expect(tally.refused).toBeGreaterThan(tally.accepted);
    expect(tally.accepted).toBeGreaterThan(0);
  });
}

/** How what came of a request differs from what its row says. */
function differences({ reason, field }: BadRequest, { reasons, fields, isRefused }: Verdict): readonly string[] {
  if (!isRefused) return ['it was accepted'];
  if (!reasons.every((each) => each === reason))
    return [`refused with ${reasons.join(', ') || 'no reason'}, not ${reason}`];
  if (field !== undefined && !fields.includes(field)) return [`names ${fields.join(', ') || 'no field'}, not ${field}`];
  return [];
}
