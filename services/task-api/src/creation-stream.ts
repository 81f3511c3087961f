import { refusalToRpc, type taskv1 } from '@orrery/contracts';
import { invalidFields, type Refusal } from '@orrery/core';
import { type Logger, observeMessage, Outgoing, refusalMapper } from '@orrery/service';

/** How many creations of a stream are under way at once, up to 4 MiB each; the next message is read when one of them is done. */
const MAX_IN_FLIGHT = 4;

/** What may wait to be read by the caller before no more of its messages are read; and about how much a task's result takes. */
const MAX_UNREAD_BYTES = 1024 * 1024;
const RESULT_BYTES = 64;

const METHOD = '/orrery.task.v1.TaskService/StreamCreateTasks';

/** What a stream of creations needs. */
export interface CreationStreamDeps {
  readonly create: (request: taskv1.CreateTasksRequest) => Promise<taskv1.CreateTasksResponse>;
  readonly logger: Logger;
}

/** Creations that come as messages of one stream, each answered when it is done. */
export class CreationStream {
  readonly outgoing = new Outgoing<taskv1.StreamCreateTasksResponse>();
  private readonly create: CreationStreamDeps['create'];
  private readonly toRefusal: (error: unknown) => Refusal;
  private inFlight = 0;
  private finished = false;
  private proceed: () => void = () => undefined;

  constructor({ create, logger }: CreationStreamDeps) {
    this.create = create;
    const toRefusal = refusalMapper(logger);
    this.toRefusal = (error) => toRefusal(error, METHOD);
  }

  /** Takes messages until the caller ends its side; the stream ends when all of them are answered. */
  async receiveAll(requests: AsyncIterable<taskv1.StreamCreateTasksRequest>): Promise<void> {
    try {
      for await (const request of requests) {
        if (this.finished) return;
        void this.answer(request);
        if (this.inFlight >= MAX_IN_FLIGHT) await new Promise<void>((resolve) => (this.proceed = resolve));
        await this.outgoing.room(MAX_UNREAD_BYTES);
      }
      this.finish();
    } catch (error) {
      this.outgoing.end(error);
    }
  }

  /** Begins nothing more, and ends the stream when what was begun is answered. */
  finish(): void {
    this.finished = true;
    if (this.inFlight === 0) this.outgoing.end();
  }

  private async answer(request: taskv1.StreamCreateTasksRequest): Promise<void> {
    const { requestId = '', tasks = [] } = request.creation ?? {};
    this.inFlight += 1;
    const outcome = await this.outcomeOf(request);
    this.inFlight -= 1;
    this.outgoing.push({ requestId, outcome }, tasks.length * RESULT_BYTES);
    this.proceed();
    if (this.finished) this.finish();
  }

  private async outcomeOf(request: taskv1.StreamCreateTasksRequest): Promise<Outcome> {
    try {
      const value = await observeMessage(METHOD, request.traceparent, () => this.perform(request));
      return { $case: 'created', value };
    } catch (error) {
      return { $case: 'error', value: refusalToRpc(this.toRefusal(error)) };
    }
  }

  private async perform(request: taskv1.StreamCreateTasksRequest): Promise<taskv1.CreateTasksResponse> {
    try {
      return await this.create(readCreation(request));
    } catch (error) {
      throw this.toRefusal(error);
    }
  }
}

type Outcome = NonNullable<taskv1.StreamCreateTasksResponse['outcome']>;

function readCreation({ creation }: taskv1.StreamCreateTasksRequest): taskv1.CreateTasksRequest {
  if (creation && creation.requestId !== '') return creation;
  throw invalidFields([{ field: 'creation.request_id', description: 'is required: the answer names it' }]);
}
