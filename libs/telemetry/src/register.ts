// For processes that are not Orrery's own services: node --import @orrery/telemetry/register worker.ts
/* eslint-disable no-restricted-properties -- the process is not one of ours, and has no main.ts that could read it */
import { basename } from 'node:path';
import { startTelemetry } from './start-telemetry.ts';

const script = process.argv[1];
const telemetry = await startTelemetry({
  serviceName: script ? basename(script).replace(/\.[cm]?[jt]s$/, '') : 'node',
  serviceVersion: process.env['npm_package_version'] ?? 'unknown',
  env: process.env,
});
// A worker that was stopped, or a client that is done, has nothing left to do: then there is time for the last export.
process.once('beforeExit', () => void telemetry.stop());
