package main

import (
	"errors"

	"github.com/go-stomp/stomp/v3"
)

// five sends five messages to a subscription of that mode that takes two at a time. The auto subscription shows when all
// are through, so that a missing message is missing and not late.
func five(session *stomp.Conn, mode stomp.AckMode) (*stomp.Subscription, error) {
	to := room()
	everything, err := subscribe(session, to, stomp.AckAuto)
	if err != nil {
		return nil, err
	}
	some, err := subscribe(session, to, mode, stomp.SubscribeOpt.Header("prefetch-count", "2"))
	if err != nil {
		return nil, err
	}
	bodies := []string{"1", "2", "3", "4", "5"}
	for _, body := range bodies {
		if err := send(session, to, body); err != nil {
			return nil, err
		}
	}
	_, err = expect(everything, bodies...)
	return some, err
}

func ackClient() error {
	return with(func(session *stomp.Conn) error {
		inbox, err := five(session, stomp.AckClient)
		if err != nil {
			return err
		}
		first, err := expect(inbox, "1", "2")
		if err != nil {
			return err
		}
		if err := errors.Join(isEmpty(inbox), session.Ack(first[1])); err != nil {
			return err
		}
		second, err := expect(inbox, "3", "4")
		if err != nil {
			return err
		}
		if err := session.Ack(second[1]); err != nil {
			return err
		}
		_, err = expect(inbox, "5")
		return err
	})
}

func ackIndividual() error {
	return with(func(session *stomp.Conn) error {
		inbox, err := five(session, stomp.AckClientIndividual)
		if err != nil {
			return err
		}
		first, err := expect(inbox, "1", "2")
		if err != nil {
			return err
		}
		if err := session.Ack(first[1]); err != nil {
			return err
		}
		third, err := expect(inbox, "3")
		if err != nil {
			return err
		}
		// Behind this round trip another message would have come.
		if err := errors.Join(settle(session), isEmpty(inbox)); err != nil {
			return err
		}
		if err := errors.Join(session.Ack(first[0]), session.Ack(third[0])); err != nil {
			return err
		}
		_, err = expect(inbox, "4", "5")
		return err
	})
}

func ackAgain() error {
	return with(func(session *stomp.Conn) error {
		to := room()
		id := stomp.SubscribeOpt.Id("again")
		inbox, err := subscribe(session, to, stomp.AckClientIndividual, id)
		if err != nil {
			return err
		}
		bodies := []string{"1", "2", "3"}
		for _, body := range bodies {
			if err := send(session, to, body); err != nil {
				return err
			}
		}
		messages, err := expect(inbox, bodies...)
		if err != nil {
			return err
		}
		if err := errors.Join(session.Ack(messages[1]), inbox.Unsubscribe()); err != nil {
			return err
		}
		again, err := subscribe(session, to, stomp.AckClientIndividual, id)
		if err != nil {
			return err
		}
		_, err = expect(again, "1", "3")
		return err
	})
}

func nack() error {
	return with(func(session *stomp.Conn) error {
		inbox, err := five(session, stomp.AckClientIndividual)
		if err != nil {
			return err
		}
		first, err := expect(inbox, "1", "2")
		if err != nil {
			return err
		}
		if err := errors.Join(session.Nack(first[0]), session.Ack(first[1])); err != nil {
			return err
		}
		// Whether the first comes again is the gateway's business; the others come, and the session goes on.
		for {
			message, err := next(inbox)
			if err != nil {
				return err
			}
			if err := session.Ack(message); err != nil {
				return err
			}
			if string(message.Body) == "5" {
				return settle(session)
			}
		}
	})
}

func transactionCommit() error {
	return with(func(session *stomp.Conn) error {
		to := room()
		inbox, err := subscribe(session, to, stomp.AckAuto)
		if err != nil {
			return err
		}
		transaction, err := session.BeginWithError()
		if err != nil {
			return err
		}
		for _, body := range []string{"one", "two"} {
			if err := transaction.Send(to, "text/plain", []byte(body)); err != nil {
				return err
			}
		}
		if err := send(session, to, "outside"); err != nil {
			return err
		}
		if _, err := expect(inbox, "outside"); err != nil {
			return err
		}
		if err := transaction.CommitWithReceipt(); err != nil {
			return err
		}
		_, err = expect(inbox, "one", "two")
		return err
	})
}

func transactionAbort() error {
	return with(func(session *stomp.Conn) error {
		to := room()
		inbox, err := subscribe(session, to, stomp.AckAuto)
		if err != nil {
			return err
		}
		transaction, err := session.BeginWithError()
		if err != nil {
			return err
		}
		if err := transaction.Send(to, "text/plain", []byte("never")); err != nil {
			return err
		}
		if err := transaction.AbortWithReceipt(); err != nil {
			return err
		}
		if err := send(session, to, "after"); err != nil {
			return err
		}
		_, err = expect(inbox, "after")
		return err
	})
}
