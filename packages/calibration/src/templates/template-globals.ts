/** The largest range that Jinja's sandbox lets a template make. */
const MAX_RANGE = 100_000;

const MONTHS =
  'January February March April May June July August September October November December';
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday';

/** Names that a template knows beside what it is given: Jinja's, and those that transformers adds. */
export const templateGlobals = {
  false: false,
  true: true,
  none: null,
  False: false,
  True: true,
  None: null,
  range,
  strftime_now: (format: unknown) => strftime(new Date(), String(format)),
  raise_exception: (message: unknown) => {
    throw new Error(String(message));
  },
};

function range(first: number, last?: number, step = 1): number[] {
  const [start, stop] = last === undefined ? [0, first] : [first, last];
  if (![start, stop, step].every(Number.isSafeInteger) || step === 0) {
    throw new Error('range needs whole numbers, and a step other than 0');
  }
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (count > MAX_RANGE) throw new Error(`a range of ${count} is longer than ${MAX_RANGE}`);
  return Array.from({ length: count }, (_, i) => start + i * step);
}

/** Python's `date.strftime(format)` in English; other directives than these are an error. */
export function strftime(date: Date, format: string): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const month = MONTHS.split(' ')[date.getMonth()] ?? '';
  const day = DAYS.split(' ')[date.getDay()] ?? '';
  const hour = date.getHours() % 12 || 12;
  const directives: Readonly<Record<string, string>> = {
    '%Y': String(date.getFullYear()),
    '%y': two(date.getFullYear() % 100),
    '%m': two(date.getMonth() + 1),
    '%d': two(date.getDate()),
    '%-d': String(date.getDate()),
    '%-m': String(date.getMonth() + 1),
    '%B': month,
    '%b': month.slice(0, 3),
    '%A': day,
    '%a': day.slice(0, 3),
    '%H': two(date.getHours()),
    '%I': two(hour),
    '%p': date.getHours() < 12 ? 'AM' : 'PM',
    '%M': two(date.getMinutes()),
    '%S': two(date.getSeconds()),
    '%%': '%',
  };
  return format.replace(/%-?[a-zA-Z%]/g, (directive) => {
    const text = directives[directive];
    if (text === undefined) throw new Error(`strftime's "${directive}" is not supported`);
    return text;
  });
}
