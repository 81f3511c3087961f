import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Duration } from '@orrery/duration';
import { createWorker } from '@orrery/worker';
import { startDeafSubscriber, startDeafWorker } from '../deaf-stream.ts';
import { monotonicMillis } from '../journal.ts';
import { longest, tooLong } from '../recovery.ts';
import { openRig, type Rig } from '../rig.ts';
import type { Scenario } from '../scenario.ts';

const QUEUE = 'heavy';
const MIB = 1024 * 1024;
const PAYLOAD = 0.5 * MIB;
const ALLOWED = 16 * MIB;
/** What a heap may grow by under any load before it is collected. */
const HEAP_NOISE = 96 * MIB;
const SERVED_WITHIN_MS = 5_000;

/** Has workers and subscribers open streams, ask for everything, and read nothing. */
export const slowReader: Scenario = {
  name: 'slow-reader',
  proves:
    'a worker or subscriber that stops reading holds up to 16 MiB of the server at most and is cut off in time, and others are served meanwhile',
  async run(context) {
    const streams = context.short ? 1 : 8;
    const heavy = streams * (context.short ? 60 : 100);
    const count = context.tasks ?? (context.short ? 300 : 5_000);
    const duration = context.duration ?? Duration.ofSeconds(context.short ? 10 : 60);
    const unread = Duration.ofSeconds(context.short ? 4 : 30);
    const counts = { 'task-api': 1, scheduler: 1 };
    const env = { ORRERY_UNREAD_LIMIT: unread.toString() };
    await using rig = await openRig(context, { counts, env, lease: Duration.ofSeconds(15) });
    const [scheduler = ''] = rig.cluster.addresses.scheduler;
    const [taskApi = ''] = rig.cluster.addresses.taskApi;
    context.say(`creating ${heavy} tasks of ${PAYLOAD / MIB} MiB`);
    const backlog = rig.load({ count: heavy, perSecond: 100, prefix: 'heavy', task: heavyTask });
    await backlog.done;

    const names = Array.from({ length: streams }, (_, index) => `deaf-${index + 1}`);
    const before = { scheduler: memoryOf(rig, 'scheduler-1'), taskApi: memoryOf(rig, 'task-api-1') };
    const workers = names.map((name) => startDeafWorker(scheduler, name, QUEUE));
    const subscribers = names.map(() => startDeafSubscriber(taskApi));
    const load = rig.load({ count, perSecond: count / duration.toSeconds() });
    const peak = { scheduler: 0, taskApi: 0, held: 0 };
    const end = monotonicMillis() + duration.toMillis();
    for (let turn = 0; monotonicMillis() < end; turn += 1) {
      await pause(250, undefined, { signal: context.signal });
      peak.scheduler = Math.max(peak.scheduler, memoryOf(rig, 'scheduler-1') - before.scheduler);
      peak.taskApi = Math.max(peak.taskApi, memoryOf(rig, 'task-api-1') - before.taskApi);
      if (turn % 8 !== 1) continue;
      peak.held = Math.max(peak.held, await mostHeld(rig, names));
      context.say(
        `${load.acknowledged.size} of ${count} acknowledged; scheduler +${inMib(peak.scheduler)}, task-api +${inMib(peak.taskApi)}`,
      );
    }
    await load.done;
    const closed = [...workers, ...subscribers].filter(({ ended }) => ended).length;
    for (const stream of [...workers, ...subscribers]) stream.close();

    // Whoever reads gets what the others did not.
    const reader = createWorker({
      address: scheduler,
      registry: rig.cluster.addresses.workerRegistry,
      queues: [QUEUE],
      id: 'reader',
    });
    reader.handle('heavy', () => null);
    await reader.start();
    const problems = await rig.settle(Duration.ofSeconds(200));
    await reader.stop();

    const started = new Map(
      rig
        .journal()
        .flatMap((entry) => (entry.what === 'started' ? [[entry.id, entry.at] as const] : []))
        .reverse(),
    );
    const waits = [...load.acknowledged].map(([id, { sentAt }]) => (started.get(id) ?? Infinity) - sentAt);
    const over = (who: string, bytes: number): readonly string[] =>
      bytes <= streams * ALLOWED + HEAP_NOISE
        ? []
        : [`a slow reader costs 16 MiB at most: ${streams} made ${who} grow by ${inMib(bytes)}`];
    return {
      tasks: rig.counts.acknowledged,
      faults: streams * 2,
      measured: {
        'most held for one worker': inMib(peak.held),
        'scheduler grew by': inMib(peak.scheduler),
        'task-api grew by': inMib(peak.taskApi),
        'others waited': longest(waits),
        'streams closed by the server': `${closed} of ${streams * 2}`,
      },
      problems: [
        ...problems,
        ...(peak.held > ALLOWED
          ? [`a slow reader costs 16 MiB at most: ${inMib(peak.held)} were claimed for one`]
          : []),
        ...over('the scheduler', peak.scheduler),
        ...over('task-api', peak.taskApi),
        ...(duration.compareTo(unread) > 0 && closed < streams * 2
          ? [`who does not read is cut off after ${unread.toString()}: ${closed} of ${streams * 2} streams were`]
          : []),
        ...(peak.held === 0 ? ['the fault is felt: nothing was claimed for the slow workers'] : []),
        ...tooLong('others are served', waits, SERVED_WITHIN_MS),
      ],
    };
  },
};

function heavyTask() {
  return {
    type: 'heavy',
    queue: QUEUE,
    params: 'x'.repeat(PAYLOAD),
    retry: { maxAttempts: 100, initialDelay: '100ms' },
  };
}

/** The bytes of params that the worker with the most of them has been given. */
async function mostHeld({ store }: Rig, workers: readonly string[]): Promise<number> {
  const running = await store.tasks.stats();
  if ((running.find(({ queue }) => queue === QUEUE)?.running ?? 0) === 0) return 0;
  const holding = new Map<string, number>();
  let afterId: string | undefined;
  for (;;) {
    const page = await store.tasks.listTasks({
      namespace: 'default',
      statuses: ['RUNNING'],
      queues: [QUEUE],
      limit: 20,
      ...(afterId && { afterId }),
    });
    for (const { workerId } of page) holding.set(workerId, (holding.get(workerId) ?? 0) + PAYLOAD);
    afterId = page.at(-1)?.id;
    if (afterId === undefined) break;
  }
  return Math.max(0, ...workers.map((name) => holding.get(name) ?? 0));
}

/** The resident memory of a process of the cluster, in bytes. */
function memoryOf({ cluster }: Rig, name: string): number {
  const status = readFileSync(`/proc/${cluster.process(name).pid ?? 'self'}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

function inMib(bytes: number): string {
  return `${(bytes / MIB).toFixed(0)} MiB`;
}
