// A STOMP client in Go: github.com/go-stomp/stomp over a WebSocket's net.Conn.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/go-stomp/stomp/v3"
	"github.com/go-stomp/stomp/v3/frame"
)

const awkward = "colon: back\\slash,\nnew line, ☃ und знач"

// skip is the error of a check that the library has no means for.
type skip string

func (reason skip) Error() string { return string(reason) }

var checks = map[string]func() error{
	"connect":           func() error { return with(func(session *stomp.Conn) error { return is12(session) }) },
	"wrong-token":       wrongToken,
	"subscribe-receipt": func() error { return skip("go-stomp takes a receipt of SUBSCRIBE for the subscription's end") },
	"send-receive":      sendReceive,
	"http-publish":      httpPublish,
	"headers":           headers,
	"binary-body":       binaryBody,
	"large-message":     largeMessage,

	"ack-client":         ackClient,
	"ack-individual":     ackIndividual,
	"ack-again":          ackAgain,
	"nack":               nack,
	"transaction-commit": transactionCommit,
	"transaction-abort":  transactionAbort,

	"heartbeat-kept":              heartbeatKept,
	"heartbeat-missed-by-gateway": heartbeatMissedByGateway,
	"heartbeat-missed-by-client":  heartbeatMissedByClient,
	"disconnect":                  disconnect,
	"reconnect":                   reconnect,
	"churn":                       churn,
}

func main() {
	failed := false
	for _, name := range strings.Fields(os.Getenv("SLUICE_CHECKS")) {
		started := time.Now()
		var skipped skip
		switch err := checks[name](); {
		case err == nil:
			fmt.Printf("ok %s: %d ms\n", name, time.Since(started).Milliseconds())
		case errors.As(err, &skipped):
			fmt.Printf("skip %s: %s\n", name, skipped)
		default:
			failed = true
			fmt.Printf("FAIL %s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
		}
	}
	if failed {
		os.Exit(1)
	}
}

var rooms int

func room() string {
	rooms++
	return fmt.Sprintf("/topic/room/%d/%d", os.Getpid(), rooms)
}

func is12(session *stomp.Conn) error {
	if session.Version() != stomp.V12 {
		return fmt.Errorf("version %s", session.Version())
	}
	return nil
}

func wrongToken() error {
	_, err := connect(os.Getenv("SLUICE_WRONG_TOKEN"))
	var refusal stomp.Error
	if !errors.As(err, &refusal) || !strings.Contains(refusal.Message, "token") {
		return fmt.Errorf("connecting with a token of somebody else gave %v", err)
	}
	return nil
}

func sendReceive() error {
	return with(func(session *stomp.Conn) error {
		to := room()
		one, err := subscribe(session, to, stomp.AckAuto)
		if err != nil {
			return err
		}
		two, err := subscribe(session, to, stomp.AckAuto)
		if err != nil {
			return err
		}
		if err := send(session, to, "Grüße, ☃\x00!", stomp.SendOpt.Header("x-mood", "calm")); err != nil {
			return err
		}
		messages, err := expect(one, "Grüße, ☃\x00!")
		if err != nil {
			return err
		}
		if mood := messages[0].Header.Get("x-mood"); mood != "calm" {
			return fmt.Errorf("x-mood came as %q", mood)
		}
		_, err = expect(two, "Grüße, ☃\x00!")
		return err
	})
}

func httpPublish() error {
	return with(func(session *stomp.Conn) error { return receiveNote(session, "by-http") })
}

// receiveNote publishes an event by HTTP and waits for it.
func receiveNote(session *stomp.Conn, text string) error {
	notes, err := subscribe(session, "/user/notes", stomp.AckAuto)
	if err != nil {
		return err
	}
	if _, err := control("publish?" + text); err != nil {
		return err
	}
	message, err := next(notes)
	if err != nil {
		return err
	}
	var note struct{ Text string }
	if err := json.Unmarshal(message.Body, &note); err != nil || note.Text != text {
		return fmt.Errorf("%s came: %v", message.Body, err)
	}
	return nil
}

func headers() error {
	return with(func(session *stomp.Conn) error {
		to := room()
		id := "id: with\\all\nof it ☃"
		inbox, err := subscribe(session, to, stomp.AckAuto, stomp.SubscribeOpt.Id(id))
		if err != nil {
			return err
		}
		wanted := map[string]string{"x-awkward": awkward, "x-ключ": "знач", "x:colon": "y", "x-empty": ""}
		var options []func(*frame.Frame) error
		for name, value := range wanted {
			options = append(options, stomp.SendOpt.Header(name, value))
		}
		if err := send(session, to, "x", options...); err != nil {
			return err
		}
		message, err := next(inbox)
		if err != nil {
			return err
		}
		for name, value := range wanted {
			if came, there := message.Header.Contains(name); !there || came != value {
				return fmt.Errorf("%q came as %q", name, came)
			}
		}
		return nil
	})
}

// roundTrip sends one body to a room and takes it back.
func roundTrip(body string) error {
	return with(func(session *stomp.Conn) error {
		to := room()
		inbox, err := subscribe(session, to, stomp.AckAuto)
		if err != nil {
			return err
		}
		if err := send(session, to, body); err != nil {
			return err
		}
		_, err = expect(inbox, body)
		return err
	})
}

func binaryBody() error {
	var body strings.Builder
	for octet := range 1024 {
		body.WriteByte(byte(octet))
	}
	return roundTrip(body.String())
}

func largeMessage() error { return roundTrip(strings.Repeat("größer ", 1<<20/9+1)) }

func heartbeatKept() error {
	return with(func(session *stomp.Conn) error {
		to := room()
		inbox, err := subscribe(session, to, stomp.AckAuto)
		if err != nil {
			return err
		}
		select {
		case message := <-inbox.C:
			return fmt.Errorf("the connection was lost in silence: %v", message)
		case <-time.After(3500 * time.Millisecond):
		}
		if err := send(session, to, "still here"); err != nil {
			return err
		}
		_, err = expect(inbox, "still here")
		return err
	})
}

func heartbeatMissedByGateway() error {
	session, err := connect(os.Getenv("SLUICE_TOKEN"))
	if err != nil {
		return err
	}
	inbox, err := subscribe(session, "/user/notes", stomp.AckAuto)
	if err != nil {
		return err
	}
	if _, err := control("freeze"); err != nil {
		return err
	}
	noticed := lost(inbox)
	if _, err := control("thaw"); err != nil {
		return err
	}
	return errors.Join(noticed, forgotten())
}

func heartbeatMissedByClient() error {
	session, err := connect(os.Getenv("SLUICE_TOKEN"))
	if err != nil {
		return err
	}
	inbox, err := subscribe(session, "/user/notes", stomp.AckAuto)
	if err != nil {
		return err
	}
	if cut, err := control("sleep-client?5"); err != nil || cut != "1" {
		return fmt.Errorf("the gateway cut %q sessions for silence: %w", cut, err)
	}
	return lost(inbox)
}

func disconnect() error {
	session, err := connect(os.Getenv("SLUICE_TOKEN"))
	if err != nil {
		return err
	}
	started := time.Now()
	if err := session.Disconnect(); err != nil {
		return err
	}
	if took := time.Since(started); took > 2*time.Second {
		return fmt.Errorf("leaving took %s", took)
	}
	return forgotten()
}

// reconnect does what an application does, as the library does not: it connects and subscribes again.
func reconnect() error {
	for _, text := range []string{"before", "after", "again"} {
		session, err := connect(os.Getenv("SLUICE_TOKEN"))
		if err != nil {
			return err
		}
		if err := receiveNote(session, text); err != nil {
			return err
		}
		if text == "again" {
			return session.Disconnect()
		}
		watch, err := subscribe(session, room(), stomp.AckAuto)
		if err != nil {
			return err
		}
		if _, err := control("kill"); err != nil {
			return err
		}
		if err := lost(watch); err != nil {
			return err
		}
		if _, err := control("start"); err != nil {
			return err
		}
	}
	return nil
}

func churn() error {
	for turn := range 30 {
		session, err := connect(os.Getenv("SLUICE_TOKEN"))
		if err != nil {
			return fmt.Errorf("turn %d: %w", turn, err)
		}
		leave := session.Disconnect
		if turn%2 == 1 {
			leave = session.MustDisconnect
		}
		if err := leave(); err != nil {
			return fmt.Errorf("leaving in turn %d: %w", turn, err)
		}
	}
	return forgotten()
}
