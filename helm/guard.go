package main

import (
	"context"
	"errors"
	"net/http"
)

// guard lets the requests of one call through until the call has ended. Helm leaves goroutines behind that go on
// writing when a call is cancelled; a process of its own would take them along, here nothing of theirs gets out.
type guard struct {
	alive context.Context
	end   context.CancelFunc
}

var errEnded = errors.New("the helm call has ended")

func newGuard() *guard {
	g := &guard{}
	g.alive, g.end = context.WithCancel(context.Background())
	return g
}

func (g *guard) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(asked *http.Request) (*http.Response, error) {
		if g.alive.Err() != nil {
			return nil, errEnded
		}
		// Not stopped when the answer is there: its body is still to be read. The end of the call frees it.
		limited, cancel := context.WithCancelCause(asked.Context())
		context.AfterFunc(g.alive, func() { cancel(errEnded) })
		return next.RoundTrip(asked.WithContext(limited))
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(asked *http.Request) (*http.Response, error) { return f(asked) }
