import type { Cluster } from './cluster.ts';

/** A cluster as `--json` shows it. */
export function toJson({ addresses, databaseUrl, natsUrl, dataDir, processes }: Cluster): string {
  const each = [...processes.values()].map(({ name, address, pid }) => [name, { pid, address }]);
  return JSON.stringify({
    addresses: {
      task_api: addresses.taskApi,
      scheduler: addresses.scheduler,
      worker_registry: addresses.workerRegistry,
      assessment_logger: addresses.assessmentLogger,
    },
    database_url: databaseUrl,
    nats_url: natsUrl,
    data_dir: dataDir,
    processes: Object.fromEntries(each) as Record<string, unknown>,
  });
}

/** What to tell a person whose cluster is ready. */
export function welcome(cluster: Cluster): string {
  const { addresses, databaseUrl, natsUrl, dataDir } = cluster;
  const [api = ''] = addresses.taskApi;
  const pid = (name: string): string => String(cluster.processes.get(name)?.pid ?? 'PID');
  return `
Orrery is ready, ${cluster.processes.size} processes.

  clients   ${addresses.taskApi.join(',')}   (task-apis: any one will do, several are balanced over)
  workers   ${addresses.scheduler.join(',')}   (schedulers), registered at ${addresses.workerRegistry.join(',')}
  audit     ${addresses.assessmentLogger.join(',')}
  database  ${databaseUrl}
  events    ${natsUrl ?? 'from the database, without NATS'}
  data      ${dataDir}

Next, in another terminal:
  export ORRERY_ADDRESS=${addresses.taskApi.join(',')}
  npm run create-task -w examples/typescript       a client in 10 lines; the workers here run echo, sleep, fail, fail-once
  ORRERY_ADDRESS=${addresses.scheduler.join(',')} ORRERY_REGISTRY_ADDRESS=${addresses.workerRegistry.join(',')} \\
    npm run worker -w examples/typescript          the worker for it
  grpcurl -plaintext -d '{"tasks":[{"type":"echo"}]}' ${api} orrery.task.v1.TaskService/CreateTasks
  kill -9 ${pid('scheduler-1')}                                    scheduler-1 dies; the other goes on, and it is started again

Ctrl-C stops everything.

`;
}
