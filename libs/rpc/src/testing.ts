export { Inbox } from './inbox.ts';
export { ManualTimers } from './manual-timers.ts';
export { refuseCall } from './refuse-call.ts';
