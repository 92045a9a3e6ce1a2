package webhook

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/authnchain/authnchain/authn"
)

const (
	hiddenPart = 8   // so many bytes of a token in a row are in no text
	hiddenText = 512 // more of a text is not looked at, and not kept
)

// unavailable returns the error for a token that could not be reviewed.
func unavailable(err error) error {
	e := &authn.Error{Reason: authn.Unavailable, Err: fmt.Errorf("webhook: %w", err)}
	var f *failure
	var closed *openError
	var crowded *authn.Error
	switch {
	case errors.As(err, &f):
		e.RetryAfter = f.after
	case errors.As(err, &closed):
		e.RetryAfter = closed.wait
	case errors.As(err, &crowded):
		e.RetryAfter = crowded.RetryAfter
	}
	return e
}

// withoutToken returns an error with the text of err less the token. It keeps
// nothing else of err, in which the token may be still, but whether a context
// has ended.
func withoutToken(err error, token string) error {
	text := hide(err.Error(), token)
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			return ended{end, text}
		}
	}
	return errors.New(text)
}

type ended struct {
	error
	text string
}

func (e ended) Error() string { return e.text }
func (e ended) Unwrap() error { return e.error }

// hide takes a token out of a text, and every part of it: a text that repeats a
// long token and is clipped has the beginning of it.
func hide(text, token string) string {
	const instead = "[token]"
	if token == "" {
		return text
	}
	text = text[:min(len(text), hiddenText)]
	text = strings.ReplaceAll(text, token, instead)
	var kept strings.Builder
	end := 0 // of the part that is left out
	for i := range len(text) {
		if i+hiddenPart <= len(text) && strings.Contains(token, text[i:i+hiddenPart]) {
			if i >= end {
				kept.WriteString(instead)
			}
			end = i + hiddenPart
		}
		if i >= end {
			kept.WriteByte(text[i])
		}
	}
	return kept.String()
}
