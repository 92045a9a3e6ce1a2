package introspection

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
)

// Credentials prove to a server who asks it (RFC 7662, section 2.1). [Basic], [Post],
// [PrivateKey] and [Certificate] return some; others may be written.
type Credentials interface {
	// Add adds them to the form or the header of a question, both of which are the
	// question's own. An error, which must hold no secret, makes the token
	// [authn.Unavailable]. It is safe for concurrent use.
	Add(ctx context.Context, form url.Values, header http.Header) error
}

// method is one of the credentials of this package. Secrets are within the func, so
// that nobody prints them.
type method struct {
	err error // why it is none, for New
	add func(form url.Values, header http.Header) error
}

func (m *method) Add(_ context.Context, form url.Values, header http.Header) error {
	if m.err != nil {
		return m.err
	}
	return m.add(form, header)
}

// Basic returns credentials for the Authorization header (client_secret_basic: RFC
// 6749, section 2.3.1), where both are encoded as in a form before they are joined.
func Basic(clientID, secret string) Credentials {
	encoded := url.QueryEscape(clientID) + ":" + url.QueryEscape(secret)
	value := "Basic " + base64.StdEncoding.EncodeToString([]byte(encoded))
	return &method{checkSecret(clientID, secret), func(_ url.Values, header http.Header) error {
		header.Set("Authorization", value)
		return nil
	}}
}

// Post returns credentials for the form (client_secret_post: RFC 6749, section 2.3.1).
func Post(clientID, secret string) Credentials {
	return &method{checkSecret(clientID, secret), func(form url.Values, _ http.Header) error {
		form.Set("client_id", clientID)
		form.Set("client_secret", secret)
		return nil
	}}
}

// Certificate returns the name of a client that the certificate of the Options.Client
// is of (tls_client_auth and self_signed_tls_client_auth: RFC 8705, section 2).
func Certificate(clientID string) Credentials {
	return &method{checkID(clientID), func(form url.Values, _ http.Header) error {
		form.Set("client_id", clientID)
		return nil
	}}
}

func checkSecret(clientID, secret string) error {
	if err := checkID(clientID); err != nil {
		return err
	}
	if secret == "" {
		return errors.New("the secret is empty")
	}
	return nil
}

func checkID(clientID string) error {
	if clientID == "" {
		return errors.New("the client's id is empty")
	}
	return nil
}
