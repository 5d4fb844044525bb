/** From events to what the page knows. */
import type { LearningEvent } from '@sluice/client';
import { describe, expect, it } from 'vitest';
import { allStages, costUsd, lookOf, tokensUsed } from '../src/model/session.ts';
import {
  EMPTY_WORLD,
  LOG_MAX,
  NOTICES_MAX,
  receive,
  SEEN_MAX,
  SESSIONS_MAX,
  sessionsByStart,
} from '../src/model/world.ts';
import { arrival, event, worldOf } from './support.ts';

const started = (sessionId = 's1', seconds = 0) =>
  event('session.started.v1', seconds, { sessionId, topic: 'Photosynthesis', estimatedDurationMinutes: 40 });
const agentStarted = (stageNumber: number, executionId: string, seconds: number) =>
  event('agent.started.v1', seconds, { sessionId: 's1', executionId, agentType: 'RESEARCH', stageNumber });
const agentCompleted = (stageNumber: number, executionId: string, seconds: number) =>
  event('agent.completed.v1', seconds, {
    sessionId: 's1',
    executionId,
    agentType: 'RESEARCH',
    stageNumber,
    durationMinutes: 12,
    tokensUsed: 1_840,
    costUsd: 2.75,
  });
const agentFailed = (stageNumber: number, executionId: string, seconds: number) =>
  event('agent.failed.v1', seconds, {
    sessionId: 's1',
    executionId,
    agentType: 'RESEARCH',
    stageNumber,
    errorMessage: 'no sources found',
  });

describe('a session', () => {
  it('goes from its start through its stages to its end', () => {
    const world = worldOf(
      started(),
      agentStarted(1, 'e1', 1),
      agentCompleted(1, 'e1', 2),
      agentStarted(2, 'e2', 3),
      event('session.completed.v1', 9, {
        sessionId: 's1',
        actualDurationMinutes: 38,
        qualityScore: 0.93,
        totalCostUsd: 21.5,
      }),
    );
    const session = world.sessions.get('s1')!;
    expect(session).toMatchObject({
      subject: 'Photosynthesis',
      status: 'completed',
      actualMinutes: 38,
      quality: 0.93,
    });
    expect(allStages(session).map((stage) => stage.status)).toEqual([
      'completed',
      'running',
      ...Array.from({ length: 6 }, () => 'waiting'),
    ]);
    expect(session.stages.get(1)).toMatchObject({ minutes: 12, tokens: 1_840, costUsd: 2.75, attempts: 1 });
    expect(costUsd(session)).toBe(21.5);
  });

  it('costs the sum of its stages until the total is known', () => {
    const session = worldOf(started(), agentCompleted(1, 'e1', 1), agentCompleted(2, 'e2', 2)).sessions.get(
      's1',
    )!;
    expect(costUsd(session)).toBe(5.5);
    expect(tokensUsed(session)).toBe(3_680);
  });

  it('may be heard of by a stage first', () => {
    const world = worldOf(agentStarted(1, 'e1', 1), started('s1', 0));
    expect(world.sessions.get('s1')).toMatchObject({
      subject: 'Photosynthesis',
      startedMs: 1_755_072_930_000,
    });
    expect(world.sessions.get('s1')!.stages.get(1)!.status).toBe('running');
  });

  it('tells plainly why it failed', () => {
    const world = worldOf(
      started(),
      event('session.failed.v1', 5, {
        sessionId: 's1',
        errorMessage: 'budget spent',
        failedAtStage: 'VALIDATION',
      }),
    );
    expect(world.sessions.get('s1')).toMatchObject({
      status: 'failed',
      error: 'budget spent',
      failedAtStage: 'VALIDATION',
    });
  });
});

describe('a stage', () => {
  it('counts its attempts and forgets the error of an earlier one', () => {
    const stage = worldOf(agentStarted(3, 'a', 1), agentFailed(3, 'a', 2), agentStarted(3, 'b', 3))
      .sessions.get('s1')!
      .stages.get(3)!;
    expect(stage).toMatchObject({ status: 'running', attempts: 2, error: null });
  });

  it('is not taken back by a start that comes after its end', () => {
    const stage = worldOf(agentCompleted(3, 'a', 2), agentStarted(3, 'a', 1))
      .sessions.get('s1')!
      .stages.get(3)!;
    expect(stage).toMatchObject({ status: 'completed', attempts: 1 });
  });

  it('is not taken back by the late failure of an earlier attempt', () => {
    const stage = worldOf(agentStarted(3, 'a', 1), agentStarted(3, 'b', 3), agentFailed(3, 'a', 2))
      .sessions.get('s1')!
      .stages.get(3)!;
    expect(stage).toMatchObject({ status: 'running', executionId: 'b', error: null });
  });

  it('that nobody heard of was missed, or comes later, or not at all', () => {
    const looks = (...events: LearningEvent[]) => {
      const session = worldOf(...events).sessions.get('s1')!;
      return allStages(session).map((stage) => lookOf(stage, session));
    };
    const failed = event('session.failed.v1', 9, { sessionId: 's1', errorMessage: 'x', failedAtStage: 'y' });
    expect(looks(agentStarted(3, 'a', 1)).slice(0, 5)).toEqual([
      'unseen',
      'unseen',
      'running',
      'waiting',
      'waiting',
    ]);
    expect(looks(agentStarted(3, 'a', 1), failed).slice(1, 4)).toEqual(['unseen', 'stopped', 'unreached']);
  });

  it('may have a number beyond the usual eight', () => {
    const session = worldOf(agentStarted(9, 'a', 1)).sessions.get('s1')!;
    expect(allStages(session)).toHaveLength(9);
  });
});

describe('content', () => {
  const generated = event('content.generated.v1', 4, {
    contentId: 'c1',
    sessionId: 's1',
    contentType: 'LESSON',
    title: 'Light and leaves',
    wordCount: 1_200,
    qualityScore: 0.9,
  });
  const updated = (newVersion: number) =>
    event('content.updated.v1', 5, { contentId: 'c1', newVersion, changes: 'clearer examples' });

  it('belongs to its session, and its updates find it without one', () => {
    const session = worldOf(generated, updated(2)).sessions.get('s1')!;
    expect(session.contents).toEqual([
      expect.objectContaining({
        title: 'Light and leaves',
        words: 1_200,
        version: 2,
        changes: 'clearer examples',
      }),
    ]);
  });

  it('never goes back to an earlier version', () => {
    expect(worldOf(generated, updated(3), updated(2)).sessions.get('s1')!.contents[0]!.version).toBe(3);
  });

  it('that nobody has heard of changes nothing', () => {
    expect(worldOf(updated(2)).sessions.size).toBe(0);
  });
});

describe('an event that comes twice', () => {
  it('counts once, within a batch and over batches', () => {
    const attempt = agentStarted(1, 'a', 1);
    const failure = event('user.updated.v1', 1, { changes: { email: 'x' } });
    const once = worldOf(attempt, attempt, failure);
    const twice = receive(once, [arrival(attempt), arrival(failure)]);
    expect(twice.sessions.get('s1')!.stages.get(1)!.attempts).toBe(1);
    expect(twice.account).toHaveLength(1);
    expect(twice.log.map((entry) => entry.isDouble)).toEqual([true, true, false, true, false]);
  });
});

describe('notices', () => {
  it('tell changes of the account and of the platform apart', () => {
    const world = worldOf(
      event('payment.subscription-activated.v1', 1, {
        subscriptionId: 'x',
        planType: 'PRO_YEARLY',
        features: ['offline_mode'],
      }),
      event('user.role-changed.v1', 2, { oldRole: 'FREE_USER', newRole: 'PRO_USER', changedBy: 'admin' }),
      event(
        'system.alert-triggered.v1',
        3,
        {
          alertType: 'LATENCY',
          severity: 'CRITICAL',
          message: 'Agents are slow',
          affectedServices: ['agents'],
        },
        { userId: null },
      ),
    );
    expect(world.account.map(({ title, detail }) => [title, detail])).toEqual([
      ['Role changed', 'Free user to Pro user'],
      ['Pro yearly plan active', 'Offline mode'],
    ]);
    expect(world.system).toEqual([
      expect.objectContaining({ title: 'Agents are slow', tone: 'bad', severity: 'CRITICAL', userId: null }),
    ]);
  });

  it('take a severity that nobody knows calmly', () => {
    const alert = event('system.alert-triggered.v1', 1, {
      alertType: 'x',
      severity: 'mauve',
      message: 'm',
      affectedServices: [],
    });
    expect(worldOf(alert).system[0]!.tone).toBe('info');
  });
});

describe('sessions', () => {
  it('that started in the same millisecond stand in the order of their arrival, newest first', () => {
    const world = worldOf(started('early', 1), started('a', 2), started('b', 2), started('c', 2));
    expect(sessionsByStart(world).map(({ id }) => id)).toEqual(['c', 'b', 'a', 'early']);
  });
});

describe('what is kept', () => {
  it('is bounded', () => {
    const many = Array.from({ length: SESSIONS_MAX + 10 }, (_, index) => started(`s${index}`, index));
    const notices = Array.from({ length: NOTICES_MAX + 10 }, () =>
      event('user.updated.v1', 1, { changes: {} }),
    );
    const world = receive(EMPTY_WORLD, [...many, ...notices].map(arrival));
    expect(world.sessions.size).toBe(SESSIONS_MAX);
    expect(sessionsByStart(world)[0]!.id).toBe(`s${SESSIONS_MAX + 9}`);
    expect(world.sessions.has('s9')).toBe(false);
    expect(world.account).toHaveLength(NOTICES_MAX);

    const flood = Array.from({ length: SEEN_MAX + 100 }, () => event('user.updated.v1', 1, { changes: {} }));
    const flooded = receive(world, flood.map(arrival));
    expect(flooded.seen.size).toBe(SEEN_MAX);
    expect(flooded.log).toHaveLength(LOG_MAX);
    expect(flooded.log[0]!.number).toBe(flooded.figures.received);
  });

  it('leaves the world before it untouched', () => {
    const before = worldOf(started());
    const copy = structuredClone({ ...before });
    receive(before, [arrival(agentStarted(1, 'a', 1))]);
    expect(before).toEqual(copy);
  });
});
