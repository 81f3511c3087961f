// Exits with 0 if the service in this container says that it serves (grpc.health.v1), else with 1.
import { Client, credentials } from '@grpc/grpc-js';

const WITHIN_MS = 3_000;
const asIs = (bytes) => bytes;
// HealthCheckResponse { status: SERVING }
const SERVING = Buffer.from([0x08, 0x01]);

const client = new Client(`127.0.0.1:${process.env.ORRERY_PORT}`, credentials.createInsecure());
const options = { deadline: Date.now() + WITHIN_MS };
client.makeUnaryRequest('/grpc.health.v1.Health/Check', asIs, asIs, Buffer.alloc(0), options, (error, reply) => {
  const serves = !error && SERVING.equals(reply);
  if (!serves) console.error(error?.message ?? 'not serving');
  process.exit(serves ? 0 : 1);
});
