package parity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/shaj13/go-guardian/v2/auth/strategies/kubernetes"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/wait"
	upstreamwebhook "k8s.io/apiserver/plugin/pkg/authenticator/token/webhook"
	"k8s.io/client-go/rest"

	ourwebhook "github.com/authnchain/authnchain/webhook"
)

// review is a token that a reviewer is asked about each time, over HTTP/1.1 and a
// connection that is there already. The allocations are those of the reviewer too.
func (b bench) review() contest {
	token := b.token("RS256", 1)
	url := b.reviewer()
	config := &rest.Config{Host: url, QPS: -1}
	theirs, err := upstreamwebhook.New(config, "v1", nil, wait.Backoff{Duration: 500 * time.Millisecond, Factor: 1.5, Jitter: 0.2, Steps: 5})
	require.NoError(b.t, err)
	own, err := ourwebhook.New(ourwebhook.Config{URL: url}, &ourwebhook.Options{Client: &http.Client{}})
	require.NoError(b.t, err)
	return contest{"webhook", []way{
		other(limit, post(url, token)),
		other(upstream, acceptance(theirs, token)),
		other("go-guardian", guardianReview(url, token)),
		ours("webhook", acceptance(own, token), 1.35, 108),
	}}
}

// reviewer returns the URL of a server to which every token is jane's.
func (b bench) reviewer() string {
	answer := fmt.Appendf(nil, `{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","metadata":{"creationTimestamp":null},"spec":{},"status":{"authenticated":true,"user":{"username":%q,"uid":"u-1","groups":%s,"extra":{"example.org/tenant":["acme"]}},"audiences":["api"]}}`, benchUser, encode(benchGroups))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}))
	b.t.Cleanup(server.Close)
	return server.URL
}

// post sends the same bytes, and looks at no more than the status of the answer.
func post(url, token string) func() error {
	client := &http.Client{Transport: &http.Transport{}}
	body := `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"` + token + `"}}`
	return func() error {
		resp, err := client.Post(url, "application/json", strings.NewReader(body))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return errors.New(resp.Status)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
}

// guardianReview leaves out the cache that is around it otherwise.
func guardianReview(url, token string) func() error {
	ask := kubernetes.GetAuthenticateFunc(kubernetes.SetAddress(url), kubernetes.SetClientTransport(&http.Transport{}))
	ctx := context.Background()
	return func() error {
		info, _, err := ask(ctx, nil, token)
		if err == nil && info.GetUserName() != benchUser {
			return errors.New("somebody else")
		}
		return err
	}
}
