package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/go-stomp/stomp/v3"
	"github.com/go-stomp/stomp/v3/frame"
)

const patience = 10 * time.Second

// dial opens a WebSocket as a net.Conn. go-stomp cuts frames where its buffer is full and knows nothing of messages, so
// they travel as binary ones.
func dial(ctx context.Context) (net.Conn, error) {
	address := "ws" + strings.TrimPrefix(os.Getenv("SLUICE_HTTP"), "http") + "/ws"
	socket, _, err := websocket.Dial(ctx, address, &websocket.DialOptions{
		Subprotocols: []string{"v12.stomp", "v11.stomp", "v10.stomp"},
	})
	if err != nil {
		return nil, err
	}
	return websocket.NetConn(context.Background(), socket, websocket.MessageBinary), nil
}

func connect(token string, options ...func(*stomp.Conn) error) (*stomp.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	socket, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	options = append([]func(*stomp.Conn) error{
		stomp.ConnOpt.Header("authorization", "Bearer "+token),
		stomp.ConnOpt.HeartBeat(time.Second, time.Second),
		stomp.ConnOpt.HeartBeatError(500 * time.Millisecond),
		stomp.ConnOpt.DisconnectReceiptTimeout(2 * time.Second),
		stomp.ConnOpt.RcvReceiptTimeout(patience),
		stomp.ConnOpt.Logger(quiet{}),
	}, options...)
	session, err := stomp.ConnectWithContext(ctx, socket, options...)
	if err != nil {
		socket.Close()
	}
	return session, err
}

// with runs a check in a session of its own.
func with(check func(*stomp.Conn) error) error {
	session, err := connect(os.Getenv("SLUICE_TOKEN"))
	if err != nil {
		return err
	}
	defer session.MustDisconnect()
	if err := check(session); err != nil {
		return err
	}
	return session.Disconnect()
}

// subscribe also waits until the gateway has the subscription: frames are dealt with in order, so the receipt of a
// frame behind it says so. The library takes the receipt of SUBSCRIBE itself for the subscription's end.
func subscribe(session *stomp.Conn, destination string, mode stomp.AckMode, options ...func(*frame.Frame) error) (*stomp.Subscription, error) {
	subscription, err := session.Subscribe(destination, mode, options...)
	if err != nil {
		return nil, err
	}
	return subscription, settle(session)
}

// settle makes a round trip.
func settle(session *stomp.Conn) error {
	transaction, err := session.BeginWithError()
	if err != nil {
		return err
	}
	return transaction.AbortWithReceipt()
}

func send(session *stomp.Conn, destination, body string, options ...func(*frame.Frame) error) error {
	return session.Send(destination, "text/plain", []byte(body), append(options, stomp.SendOpt.Receipt)...)
}

func next(subscription *stomp.Subscription) (*stomp.Message, error) {
	select {
	case message := <-subscription.C:
		if message == nil {
			return nil, errors.New("the subscription ended")
		}
		return message, message.Err
	case <-time.After(patience):
		return nil, errors.New("no message in time")
	}
}

// expect takes the next messages and compares their bodies.
func expect(subscription *stomp.Subscription, bodies ...string) ([]*stomp.Message, error) {
	var messages []*stomp.Message
	for _, body := range bodies {
		message, err := next(subscription)
		if err != nil {
			return nil, fmt.Errorf("waiting for %.40q: %w", body, err)
		}
		if string(message.Body) != body {
			return nil, fmt.Errorf("%.40q came, and not %.40q", message.Body, body)
		}
		messages = append(messages, message)
	}
	return messages, nil
}

func isEmpty(subscription *stomp.Subscription) error {
	if len(subscription.C) > 0 {
		return errors.New("a message came that should have been held back")
	}
	return nil
}

func lost(subscription *stomp.Subscription) error {
	for {
		select {
		case message := <-subscription.C:
			if message == nil || message.Err != nil {
				return nil
			}
		case <-time.After(patience):
			return errors.New("the library did not notice")
		}
	}
}

// control asks the runner for something that happens to the network or the gateway.
func control(what string) (string, error) {
	answer, err := http.Post(os.Getenv("SLUICE_CONTROL")+"/"+what, "text/plain", nil)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", what, text)
	}
	return string(text), err
}

func forgotten() error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if left, err := control("sessions"); err != nil || left == "0" {
			return err
		}
	}
	return errors.New("the gateway did not forget the session")
}

// quiet is a logger for what the checks provoke.
type quiet struct{}

func (quiet) Debugf(string, ...any)   {}
func (quiet) Infof(string, ...any)    {}
func (quiet) Warningf(string, ...any) {}
func (quiet) Errorf(string, ...any)   {}
func (quiet) Debug(string)            {}
func (quiet) Info(string)             {}
func (quiet) Warning(string)          {}
func (quiet) Error(string)            {}
