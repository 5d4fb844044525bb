/** What is told to a person: changes of the account, and notices of the platform. */
import type { LearningEvent } from '@sluice/client';
import { humanise } from './words.ts';

/** How much a notice matters. */
export type Tone = 'info' | 'good' | 'warning' | 'bad';

/** One notice. */
export interface Notice {
  readonly id: string;
  readonly atMs: number;
  /** Whom it concerns; `null` where it concerns everybody. */
  readonly userId: string | null;
  readonly tone: Tone;
  readonly title: string;
  readonly detail: string;
  /** The severity's own word, for alerts. */
  readonly severity: string | null;
}

/** Where a notice is shown. */
export type NoticeKind = 'account' | 'system';

type Words = Pick<Notice, 'tone' | 'title' | 'detail'> & { kind: NoticeKind; severity?: string };

const TONES: Readonly<Record<string, Tone>> = {
  critical: 'bad',
  error: 'bad',
  high: 'bad',
  medium: 'warning',
  warning: 'warning',
};

/** The notice that an event makes, if it makes one. */
export function noticeOf(
  event: LearningEvent,
  atMs: number,
): { kind: NoticeKind; notice: Notice } | undefined {
  const words = accountWords(event) ?? systemWords(event);
  if (words === undefined) return undefined;
  const { kind, severity = null, ...rest } = words;
  return { kind, notice: { id: event.eventId, atMs, userId: event.userId, severity, ...rest } };
}

function accountWords(event: LearningEvent): Words | undefined {
  const kind = 'account';
  switch (event.eventType) {
    case 'user.registered.v1': {
      const name = `${event.firstName} ${event.lastName}`.trim();
      return { kind, tone: 'good', title: 'Account created', detail: `${name}, ${humanise(event.role)}` };
    }
    case 'user.updated.v1': {
      const members = Object.keys(event.changes).map(humanise).join(', ');
      return { kind, tone: 'info', title: 'Profile changed', detail: members || 'No details given' };
    }
    case 'user.role-changed.v1':
      return {
        kind,
        tone: 'info',
        title: 'Role changed',
        detail: `${humanise(event.oldRole)} to ${humanise(event.newRole)}`,
      };
    case 'payment.subscription-activated.v1':
      return {
        kind,
        tone: 'good',
        title: `${humanise(event.planType)} plan active`,
        detail: event.features.map(humanise).join(', '),
      };
    case 'payment.subscription-cancelled.v1':
      return { kind, tone: 'warning', title: 'Plan cancelled', detail: event.reason ?? 'No reason given' };
    default:
      return undefined;
  }
}

function systemWords(event: LearningEvent): Words | undefined {
  const kind = 'system';
  switch (event.eventType) {
    case 'system.maintenance-started.v1': {
      const services = event.affectedServices.join(', ');
      return {
        kind,
        tone: 'warning',
        title: `Maintenance: ${humanise(event.maintenanceType)}`,
        detail: `About ${event.estimatedDurationMinutes} min${services === '' ? '' : `. Affects ${services}`}`,
      };
    }
    case 'system.alert-triggered.v1': {
      const services = event.affectedServices.join(', ');
      return {
        kind,
        tone: TONES[event.severity.toLowerCase()] ?? 'info',
        title: event.message,
        detail: `${humanise(event.alertType)}${services === '' ? '' : `. Affects ${services}`}`,
        severity: event.severity,
      };
    }
    default:
      return undefined;
  }
}
