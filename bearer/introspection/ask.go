package introspection

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/authnchain/authnchain/internal/fetch"
	"github.com/authnchain/authnchain/internal/hide"
	"github.com/authnchain/authnchain/jwt"
)

// question is one that is put to a server, and all that must not be in a text.
type question struct {
	token string
	added []string // by the credentials
}

// secrets returns each as it is, and as it is in a form.
func (q *question) secrets() []string {
	all := append([]string{q.token}, q.added...)
	for _, secret := range slices.Clone(all) {
		all = append(all, url.QueryEscape(secret))
	}
	return all
}

// ask asks the server about a token, within the bounds of the Options.
func (a *Authenticator) ask(ctx context.Context, q *question) (c jwt.Claims, known bool, err error) {
	within, end, err := a.limits.Begin(ctx)
	if err != nil {
		return c, false, err
	}
	defer end()
	c, known, err = a.exchange(within, q)
	switch {
	case err == nil:
		a.health.Set(nil, a.now())
	case ctx.Err() == nil: // else it was the caller who left
		a.health.Set(hide.Error(err, q.secrets()...), a.now())
	}
	return c, known, err
}

func (a *Authenticator) exchange(ctx context.Context, q *question) (c jwt.Claims, known bool, err error) {
	req, err := a.request(ctx, q)
	if err != nil {
		return c, false, err
	}
	answer, err := a.renewal.Do(a.client, req, a.codes...)
	if err != nil {
		return c, false, explained(err)
	}
	return a.server.read(answer)
}

// request returns what is sent.
func (a *Authenticator) request(ctx context.Context, q *question) (*http.Request, error) {
	form, header := a.server.form(q.token), http.Header{}
	if a.credentials != nil {
		if err := a.credentials.Add(ctx, form, header); err != nil {
			return nil, fmt.Errorf("credentials: %w", err)
		}
	}
	q.added = secretsOf(form, header)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if !form.Has("client_assertion") { // which is good for once
		// A question may be put twice: net/http does so when the server has just closed a
		// connection that was kept. The header itself is not sent.
		req.Header["Idempotency-Key"] = nil
	}
	return req, nil
}

// secretsOf returns what credentials may have put into a request, whole and in parts.
func secretsOf(form url.Values, header http.Header) []string {
	secrets := []string{form.Get("client_secret"), form.Get("client_assertion")}
	for _, values := range header {
		for _, value := range values {
			_, credentials, _ := strings.Cut(value, " ")
			secrets = append(secrets, cmp.Or(credentials, value))
			if plain, err := base64.StdEncoding.DecodeString(credentials); err == nil {
				_, secret, _ := strings.Cut(string(plain), ":")
				secrets = append(secrets, secret)
				if secret, err = url.QueryUnescape(secret); err == nil {
					secrets = append(secrets, secret)
				}
			}
		}
	}
	return secrets
}

// explained says more of an answer that the operator can do something about.
func explained(err error) error {
	var status *fetch.StatusError
	if errors.As(err, &status) && (status.Code == http.StatusUnauthorized || status.Code == http.StatusForbidden) {
		return fmt.Errorf("%w: the server does not take the credentials of who asks", err)
	}
	return err
}

// HealthCheck returns nil unless the last question was not answered; then it says
// why, and since when none has been. A token that is refused is no such reason.
func (a *Authenticator) HealthCheck() error {
	if err := a.health.Check(); err != nil {
		return fmt.Errorf("introspection: %w", err)
	}
	return nil
}
