// Loaded before a process's own main (node --import): its clock goes wrong by FAULTS_CLOCK_SHIFT_MS, as that of a machine would whose
// time was never set. Timers and the database go on as they are.
const shift = Number(process.env['FAULTS_CLOCK_SHIFT_MS'] ?? '0');
const TrueDate = Date;

class ShiftedDate extends TrueDate {
  constructor(...args: unknown[]) {
    if (args.length === 0) super(TrueDate.now() + shift);
    else super(...(args as [number]));
  }

  static override now(): number {
    return TrueDate.now() + shift;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;
