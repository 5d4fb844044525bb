/** One learning session, as its events tell it. Events of different topics may come in any order. */
import type {
  ContentGenerated,
  ContentUpdated,
  SessionCompleted,
  SessionFailed,
  SessionStarted,
} from '@sluice/client';
import { AGENTS, afterStageEvent, type Stage, type StageEvent, type StageStatus } from './stage.ts';

/** A piece of content made in a session. */
export interface Content {
  readonly id: string;
  readonly title: string;
  readonly type: string;
  readonly words: number | null;
  readonly quality: number | null;
  /** 1 until it is updated. */
  readonly version: number;
  /** What the last update changed. */
  readonly changes: string | null;
}

/** One learning session. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly subject: string | null;
  readonly status: 'running' | 'completed' | 'failed';
  /** When it started, or was first heard of; milliseconds since 1970. */
  readonly startedMs: number;
  readonly estimatedMinutes: number | null;
  readonly actualMinutes: number | null;
  readonly quality: number | null;
  /** The total that the platform gave at the end. */
  readonly totalCostUsd: number | null;
  readonly error: string | null;
  readonly failedAtStage: string | null;
  readonly stages: ReadonlyMap<number, Stage>;
  readonly contents: readonly Content[];
}

/** An event that names its session. */
export type SessionEvent = SessionStarted | SessionCompleted | SessionFailed | StageEvent | ContentGenerated;

/** A session of which nothing is known but that it is there. */
export function freshSession(id: string, userId: string, startedMs: number): Session {
  return {
    id,
    userId,
    subject: null,
    status: 'running',
    startedMs,
    estimatedMinutes: null,
    actualMinutes: null,
    quality: null,
    totalCostUsd: null,
    error: null,
    failedAtStage: null,
    stages: new Map(),
    contents: [],
  };
}

/** The session after the event. */
export function afterSessionEvent(session: Session, event: SessionEvent, atMs: number): Session {
  switch (event.eventType) {
    case 'session.started.v1':
      return {
        ...session,
        subject: event.topic,
        startedMs: atMs,
        estimatedMinutes: event.estimatedDurationMinutes,
      };
    case 'session.completed.v1':
      return {
        ...session,
        status: 'completed',
        actualMinutes: event.actualDurationMinutes,
        quality: event.qualityScore,
        totalCostUsd: event.totalCostUsd,
      };
    case 'session.failed.v1':
      return {
        ...session,
        status: 'failed',
        error: event.errorMessage,
        failedAtStage: event.failedAtStage,
      };
    case 'content.generated.v1':
      return withContent(session, event);
    default: {
      const stage = afterStageEvent(session.stages.get(event.stageNumber), event, atMs);
      return { ...session, stages: new Map(session.stages).set(event.stageNumber, stage) };
    }
  }
}

/** The session after one of its pieces has another version. */
export function afterContentUpdate(session: Session, event: ContentUpdated): Session {
  const contents = session.contents.map((content) =>
    content.id === event.contentId && content.version < event.newVersion
      ? { ...content, version: event.newVersion, changes: event.changes }
      : content,
  );
  return { ...session, contents };
}

/** What the session cost: the platform's total where it gave one, else the sum of its stages so far. */
export function costUsd(session: Session): number {
  if (session.totalCostUsd !== null) return session.totalCostUsd;
  let sum = 0;
  for (const stage of session.stages.values()) sum += stage.costUsd ?? 0;
  return sum;
}

/** The tokens of all stages so far. */
export function tokensUsed(session: Session): number {
  let sum = 0;
  for (const stage of session.stages.values()) sum += stage.tokens ?? 0;
  return sum;
}

/** What a stage looks like within its session. */
export type StageLook = StageStatus | 'stopped' | 'unseen' | 'unreached';

/**
 * What a stage looks like within its session: one that was running when the session ended runs no more, and one that
 * was never heard of has either been missed, or comes later, or not at all.
 */
export function lookOf(stage: Stage, session: Session): StageLook {
  const isOver = session.status !== 'running';
  if (stage.status === 'running' && isOver) return 'stopped';
  if (stage.status !== 'waiting') return stage.status;
  const isPassed = [...session.stages.keys()].some((number) => number > stage.number);
  if (isPassed || session.status === 'completed') return 'unseen';
  return isOver ? 'unreached' : 'waiting';
}

/** All stages in order: those heard of, and the platform's usual ones that are still to come. */
export function allStages(session: Session): Stage[] {
  const numbers = new Set([...AGENTS.keys()].map((index) => index + 1));
  for (const number of session.stages.keys()) numbers.add(number);
  return [...numbers]
    .sort((left, right) => left - right)
    .map((number) => session.stages.get(number) ?? waitingStage(number));
}

function waitingStage(number: number): Stage {
  return {
    number,
    agentType: AGENTS[number - 1] ?? `STAGE_${number}`,
    status: 'waiting',
    executionId: '',
    atMs: 0,
    attempts: 0,
    minutes: null,
    tokens: null,
    costUsd: null,
    error: null,
  };
}

function withContent(session: Session, event: ContentGenerated): Session {
  const content: Content = {
    id: event.contentId,
    title: event.title,
    type: event.contentType,
    words: event.wordCount,
    quality: event.qualityScore,
    version: 1,
    changes: null,
  };
  return { ...session, contents: [...session.contents.filter(({ id }) => id !== content.id), content] };
}
