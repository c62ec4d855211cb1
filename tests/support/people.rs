//! Invented customers. Their names, addresses and numbers must never appear in a log (A13).

use serde_json::{Value, json};

#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    pub email: String,
    pub phone: &'static str,
    pub message: &'static str,
    pub lang: &'static str,
}

/// One customer per language, under a name of its own for each story.
pub fn person(lang: &'static str, story: &str) -> Person {
    let (name, phone, message) = match lang {
        "nb" => (
            "Kari Blåfjell",
            "+47 912 34 567",
            "Hei! Er Tesla Model 3 fortsatt ledig, og kan jeg prøvekjøre den på lørdag?",
        ),
        "fr" => (
            "Amélie Fontvieille",
            "+33 6 12 34 56 78",
            "Bonjour, la Tesla Model 3 est-elle toujours disponible ? Je voudrais un essai samedi.",
        ),
        "en" => (
            "Fiona Ashgrove",
            "+44 7911 123456",
            "Hi, is the Tesla Model 3 still available, and could I book a test drive on Saturday?",
        ),
        "ar" => (
            "ليلى الفيروزي",
            "+971 50 123 4567",
            "مرحبا، هل سيارة Tesla Model 3 ما زالت متوفرة؟ أريد تجربة قيادة يوم السبت.",
        ),
        other => panic!("no person speaks {other}"),
    };
    Person {
        name: name.into(),
        email: format!("{lang}.{story}@kunde.example"),
        phone,
        message,
        lang,
    }
}

impl Person {
    /// The form as a website posts it.
    pub fn form(&self) -> Value {
        json!({
            "name": self.name,
            "email": self.email,
            "phone": self.phone,
            "vehicle_interest": "Tesla Model 3",
            "message": self.message,
            "source_url": "https://nordlys.example/biler/tesla",
        })
    }

    /// What no log may hold.
    pub fn secrets(&self) -> Vec<String> {
        let digits: String = self.phone.chars().filter(char::is_ascii_digit).collect();
        let message = self.message.chars().take(24).collect();
        vec![self.name.clone(), self.email.clone(), self.phone.into(), digits, message]
    }
}
