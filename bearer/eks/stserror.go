package eks

import (
	"encoding/xml"
	"errors"
	"strings"

	"github.com/authnchain/authnchain/internal/strictjson"
)

var errNotOurs = errors.New("no error of STS's")

// parseError reads an error of STS's, which is JSON if it heeds what was asked for,
// and else XML.
func parseError(body []byte) (code, message string, err error) {
	text := strings.TrimSpace(string(body))
	if strings.HasPrefix(text, "<") {
		return parseXMLError(text)
	}
	answer, err := strictjson.Parse(text)
	if err != nil {
		return "", "", errNotOurs
	}
	said, err := answer.Get("Error").Object()
	if err != nil {
		return "", "", errNotOurs
	}
	code, err = said.Get("Code").Text()
	if err != nil || !isCode(code) {
		return "", "", errNotOurs
	}
	message, _ = said.Get("Message").Text()
	return code, message, nil
}

func parseXMLError(text string) (code, message string, err error) {
	var answer struct {
		XMLName xml.Name `xml:"ErrorResponse"`
		Code    string   `xml:"Error>Code"`
		Message string   `xml:"Error>Message"`
	}
	if err := xml.Unmarshal([]byte(text), &answer); err != nil || !isCode(answer.Code) {
		return "", "", errNotOurs
	}
	return answer.Code, answer.Message, nil
}

const maxCode = 64

// isCode reports whether s is of the form that codes of errors have.
func isCode(s string) bool {
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '.') {
			return false
		}
	}
	return s != "" && len(s) <= maxCode
}
