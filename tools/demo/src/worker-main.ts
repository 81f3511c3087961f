import { createWorker } from '@orrery/worker';
import { analyzeFile } from './analyze-file.ts';
import { ANALYZE_FILE, fileParams } from './file-analysis.ts';

const [address = '', concurrency, leaseDuration = ''] = process.argv.slice(2);

const worker = createWorker({ address, concurrency: Number(concurrency), leaseDuration }).handle(
  ANALYZE_FILE,
  (params, { signal }) => analyzeFile(fileParams.parse(params), signal),
);
await worker.start();
process.send?.('connected');
await worker.run();
