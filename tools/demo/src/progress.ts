import { MultiBar, Presets, type SingleBar } from 'cli-progress';

/** Tells a person how far the run is. */
export interface Progress {
  /** Says something once. */
  say(text: string): void;
  begin(total: number): void;
  /** How many tasks have ended so far, and how many of them without a result. */
  update(ended: number, withoutResult: number): void;
  /** Leaves the terminal as it was; may be called again. */
  end(): void;
}

const LINE_EVERY_MS = 2_000;
/** A short run should say something, too. */
const FIRST_LINE_AFTER_MS = 200;

/** A live bar if the stream is a terminal, otherwise a line now and then. */
export function createProgress(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? createBar(stream) : createLines(stream);
}

function createBar(stream: NodeJS.WriteStream): Progress {
  let bars: MultiBar | null = null;
  let bar: SingleBar | undefined;
  return {
    say(text) {
      if (bars) bars.log(`${text}\n`);
      else stream.write(`${text}\n`);
    },
    begin(total) {
      const format = '  {bar} {percentage} %   {value} of {total} files   {rate}   {rejected}';
      const options = { format, stream, hideCursor: true, clearOnComplete: true, fps: 15, barsize: 30 };
      bars = new MultiBar({ ...options, gracefulExit: false }, Presets.shades_classic);
      bar = bars.create(total, 0, { rate: '', rejected: '' });
    },
    update: trackRate((ended, withoutResult, rate) => {
      const rejected = withoutResult > 0 ? `${withoutResult} rejected` : '';
      bar?.update(ended, { rate: `${rate}/s`, rejected });
    }),
    end() {
      bars?.stop();
      bars = null;
    },
  };
}

function createLines(stream: NodeJS.WriteStream): Progress {
  let total = 0;
  let next = 0;
  const say = (text: string) => void stream.write(`${text}\n`);
  return {
    say,
    begin(count) {
      total = count;
      next = performance.now() + FIRST_LINE_AFTER_MS;
    },
    update: trackRate((ended, withoutResult, rate) => {
      if (performance.now() < next) return;
      next = performance.now() + LINE_EVERY_MS;
      const speed = rate > 0 ? `, ${rate}/s` : '';
      say(`  ${ended} of ${total} files${speed}, ${withoutResult} rejected`);
    }),
    end: () => undefined,
  };
}

/** Adds the tasks per second since the first update. */
function trackRate(show: (ended: number, withoutResult: number, rate: number) => void): Progress['update'] {
  let since: number | undefined;
  return (ended, withoutResult) => {
    since ??= performance.now();
    const seconds = (performance.now() - since) / 1_000;
    show(ended, withoutResult, seconds > 0 ? Math.round(ended / seconds) : 0);
  };
}
